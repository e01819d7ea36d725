"""Write the champion as models/model.onnx, and hold it against the framework's own answers.

Preprocessing and softmax are inside the graph: it takes raw features and gives probabilities.
With export.int8 of params.yaml its weights are 8-bit integers, if that costs little accuracy.
"""

from pathlib import Path

import numpy as np
import onnx

from ..artifacts import atomic, read_json
from ..data.prepared import read_split
from ..data.schema import SCHEMA
from ..errors import UserError
from ..model.export import export, probabilities
from ..model.training import load
from ..params import Params
from ..predictor import open_session
from ..quantisation import quantise

TOLERANCE = 1e-5
# Rows of the train split from which activations get their scale.
CALIBRATION = 512


def run(params: Params) -> None:
    """Export the champion; a graph that answers differently is not kept."""
    name = read_json("models/champion.json")["model"]
    if name not in params.models:
        raise UserError(f"the champion {name!r} is not in params.yaml: run `make pipeline`")
    model = load(f"models/candidates/{name}", params.models[name], SCHEMA)
    inputs, labels = read_split("validation")
    with atomic("models/model.onnx") as path:
        export(model, SCHEMA, path)
        onnx.checker.check_model(str(path), full_check=True)
        samples = [inputs[:1], inputs[:3], inputs]
        gap = difference(path, [(some, probabilities(model, some)) for some in samples])
        print(f"{name}: the graph is within {gap:.1e} of the framework")
        if params.export.int8:
            shrink(path, inputs, labels, params.export.maximum_drop)
    print(f"models/model.onnx: {Path('models/model.onnx').stat().st_size:,} bytes")


def shrink(path: Path, inputs: np.ndarray, labels: np.ndarray, maximum_drop: float) -> None:
    """Turn the graph at `path` into int8; raise `UserError` if it then answers too badly."""
    before = accuracy(path, inputs, labels)
    quantise(path, calibration())
    after = accuracy(path, inputs, labels)
    print(f"int8: accuracy {after:.4f} on the validation split, {before:.4f} before")
    if before - after > maximum_drop:
        raise UserError(
            f"int8 costs {before - after:.4f} of the accuracy, more than export.maximum_drop "
            f"{maximum_drop:g} of params.yaml: set export.int8 to false, or allow more"
        )


def calibration() -> np.ndarray:
    """Return raw inputs from all over the train split, because a table may be sorted by class."""
    rows, _ = read_split("train")
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), CALIBRATION), dtype=int)]


def accuracy(path: Path, inputs: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of rows that the graph at `path` gets right."""
    answers = open_session(path).run(["probabilities"], {"inputs": inputs})[0]
    return float((answers.argmax(axis=1) == labels).mean())


def difference(path: Path, answers: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Return the largest gap between the graph at `path` and the (inputs, outputs) in `answers`.

    Raises `UserError` beyond the tolerance.
    """
    session = open_session(path)
    gaps = [
        np.abs(session.run(["probabilities"], {"inputs": inputs})[0] - expected).max()
        for inputs, expected in answers
    ]
    # Not `gap > TOLERANCE`: that would let through an answer that is no number.
    if not all(gap <= TOLERANCE for gap in gaps):
        raise UserError(
            f"the exported graph differs from the trained model by {max(gaps):.1e}, more than "
            f"{TOLERANCE:.0e}: does `model/` use an operation that ONNX computes differently?"
        )
    return float(max(gaps))
