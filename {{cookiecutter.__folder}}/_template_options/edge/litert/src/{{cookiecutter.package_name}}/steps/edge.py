"""Write the evaluated model for a phone or a board, float and int8.

Both files of models/edge take one row of raw features and give probabilities, as models/model.onnx
does; models/edge/model.json says what they belong to, how good they are and how far they differ.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from tqdm import tqdm

from ..artifacts import atomic, read_json, sha256, write_json
from ..data.prepared import read_split
from ..data.schema import SCHEMA
from ..errors import UserError
from ..litert import LiteModel
from ..litert_int8 import quantise
from ..model.export import export, probabilities
from ..model.lite import convert
from ..model.network import Classifier
from ..model.training import load
from ..params import Params
from ..predictor import Predictor, open_session
from ..quantisation import quantise as quantise_onnx
from .export import TOLERANCE, calibration

FOLDER = Path("models/edge")
SPLITS = ("validation", "test")
CHUNK = 64


@dataclass(frozen=True)
class Edition:
    """A file that is not written yet, with its answers and its accuracy on each split."""

    name: str
    content: bytes
    answers: dict[str, np.ndarray]
    accuracy: dict[str, float]


def run(params: Params) -> None:
    """Convert and compare; what is in models/edge is replaced only when all of it is good."""
    served = Predictor()  # holds model.onnx against model.json
    model = _champion(served, params)
    whole = tried("model.tflite", _converted(model))
    gaps = parity(whole, model, served, int8=params.export.int8)
    small = tried("model.int8.tflite", quantise(whole.content, calibration()))
    require(whole, small, params.export.maximum_drop)
    gap = _gap(small.answers["validation"], whole.answers["validation"])
    _write(served.about, [(whole, gaps), (small, {whole.name: gap})])


def _champion(served: Predictor, params: Params) -> Classifier:
    """Load the model that was evaluated, in the framework that trained it."""
    name = read_json("models/champion.json")["model"]
    if served.about.get("name") != name or name not in params.models:
        raise UserError(
            f"models/model.json describes {served.id}, which is not the champion {name!r} or not "
            "in params.yaml: run `make pipeline`"
        )
    return load(f"models/candidates/{name}", params.models[name], SCHEMA)


def _converted(model: Classifier) -> bytes:
    try:
        return convert(model, SCHEMA)
    except Exception as error:  # the converters' classes share no base of their own
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            "the network cannot be converted, because LiteRT lacks an operation of it, such as "
            f"pooling over three axes: take another network in params.yaml ({reason})"
        ) from error


def tried(name: str, content: bytes) -> Edition:
    """Run a file on the splits that no training has seen."""
    model = LiteModel(content)
    answers, accuracy = {}, {}
    for split in SPLITS:
        inputs, labels = read_split(split)
        parts = np.array_split(inputs, range(CHUNK, len(inputs), CHUNK))
        progress = tqdm(parts, f"{name}, {split}", leave=False, disable=None)
        answers[split] = np.concatenate([model.probabilities(part) for part in progress])
        accuracy[split] = round(float((answers[split].argmax(axis=1) == labels).mean()), 6)
    return Edition(name, content, answers, accuracy)


def parity(whole: Edition, model: Classifier, served: Predictor, int8: bool) -> dict[str, float]:
    """Return how far the float file is from the framework, and from the graph that is served.

    Where that graph is `int8` itself, it is held against one that is made of `model` anew. Raises
    `UserError` beyond the tolerance.
    """
    inputs, _ = read_split("validation")
    answers = whole.answers["validation"]
    framework = _gap(answers, probabilities(model, inputs))
    if not framework <= TOLERANCE:
        raise UserError(
            f"{whole.name} differs from the trained model by {framework:.1e}, more than "
            f"{TOLERANCE:.0e}: does `model/` use an operation that LiteRT computes differently?"
        )
    graph = _gap(served.probabilities(inputs), _int8_graph(model, inputs) if int8 else answers)
    if not graph <= TOLERANCE:
        raise UserError(
            f"models/model.onnx differs by {graph:.1e} from what models/candidates and params.yaml "
            "make now, so a network was trained since: run `make pipeline`"
        )
    return {"framework": framework, "model.onnx": graph}


def _int8_graph(model: Classifier, inputs: np.ndarray) -> np.ndarray:
    """Answer with the int8 graph that the step `export` makes of `model`."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        export(model, SCHEMA, path)
        quantise_onnx(path, calibration())
        answers: np.ndarray = open_session(path).run(["probabilities"], {"inputs": inputs})[0]
        return answers


def _gap(answers: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(answers - expected).max())


def require(whole: Edition, small: Edition, maximum_drop: float) -> None:
    """Raise `UserError` for an int8 file that answers too badly."""
    drop = whole.accuracy["validation"] - small.accuracy["validation"]
    if drop > maximum_drop:
        raise UserError(
            f"{small.name} costs {drop:.4f} of the accuracy on the validation split, more than "
            f"export.maximum_drop {maximum_drop:g} of params.yaml: allow more, or train a wider "
            "network. models/edge is left as it was"
        )


def _write(about: dict[str, Any], editions: list[tuple[Edition, dict[str, float]]]) -> None:
    """Write the files, and then the description with their hashes."""
    files = {}
    for edition, gaps in editions:
        path = FOLDER / edition.name
        with atomic(path) as temporary:
            temporary.write_bytes(edition.content)
        files[edition.name] = {
            "sha256": sha256(path),
            "bytes": len(edition.content),
            "accuracy": edition.accuracy,
            "largest_difference": gaps,
        }
        print(
            f"{path}: {len(edition.content):,} bytes, accuracy on the test split "
            f"{edition.accuracy['test']:.4f}, probabilities within "
            + ", ".join(f"{gap:.1e} of {other}" for other, gap in gaps.items())
        )
    write_json(
        FOLDER / "model.json", {"id": about["id"], "schema": about["schema"], "files": files}
    )
