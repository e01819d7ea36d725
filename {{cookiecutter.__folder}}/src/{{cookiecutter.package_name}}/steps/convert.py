"""Take a model's weights to another framework, or bring some from there.

With --to the weights of models/candidates/NAME are written to a file, with --from a file's weights
are put there, and measured on the validation split as `train` does. A `.safetensors` file holds
tensors as PyTorch names and lays them out; other suffixes are formats of this project's framework.
"""

import argparse
from pathlib import Path

from ..artifacts import sha256, write_json
from ..data.prepared import read_split
from ..data.schema import SCHEMA
from ..errors import UserError
from ..metrics import log_loss
from ..model import conversion
from ..model.export import probabilities
from ..model.network import Classifier
from ..model.training import count_weights, load, save
from ..params import Params
from ..tensors import read_tensors, write_tensors

NEUTRAL = ".safetensors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Ask for the model's name and for a direction."""
    parser.add_argument("--model", required=True, help="a name below `models` in params.yaml")
    formats = f"{NEUTRAL}, {conversion.FORMATS}"
    direction = parser.add_mutually_exclusive_group(required=True)
    direction.add_argument("--to", dest="target", type=Path, metavar="FILE", help=formats)
    direction.add_argument("--from", dest="source", type=Path, metavar="FILE", help="the same")


def run(params: Params, model: str, target: Path | None = None, source: Path | None = None) -> None:
    """Convert in the direction that was asked for."""
    if model not in params.models:
        raise UserError(f"params.yaml names no model {model!r}, only {', '.join(params.models)}")
    if target:
        write(load(f"models/candidates/{model}", params.models[model], SCHEMA), target)
        print(f"{model}: weights written to {target}")
    if source:
        classifier = Classifier(params.models[model], SCHEMA)
        origin = read(classifier, source)
        bring(classifier, model, {"file": origin.name, "sha256": sha256(origin)})


def write(classifier: Classifier, path: Path) -> None:
    """Write the weights to `path`, in the format that its suffix names."""
    if path.suffix == NEUTRAL:
        write_tensors(path, conversion.to_state_dict(classifier))
    else:
        conversion.write(classifier, path)


def read(classifier: Classifier, path: Path) -> Path:
    """Give `classifier` the weights at `path`; return the file whose hash tells them apart."""
    if path.suffix != NEUTRAL:
        return conversion.read(classifier, path)
    conversion.from_state_dict(classifier, read_tensors(path))
    return path


def bring(classifier: Classifier, model: str, origin: dict[str, str]) -> None:
    """Put weights where those that were trained here lie, with a note of their origin."""
    inputs, labels = read_split("validation")
    answers = probabilities(classifier, inputs)
    loss, accuracy = log_loss(answers, labels), float((answers.argmax(axis=1) == labels).mean())
    save(classifier, f"models/candidates/{model}")
    figures = {"loss": loss, "accuracy": accuracy, "weights": count_weights(classifier)}
    write_json(f"reports/{model}/validation.json", {**figures, "imported": origin})
    for suffix in ("csv", "png"):  # the curve of other weights
        Path(f"reports/{model}/learning_curve.{suffix}").unlink(missing_ok=True)
    print(f"{model}: validation loss {loss:.4f}, accuracy {accuracy:.4f}; from {origin['file']}")
    print("go on with select, export and evaluate; the pipeline would bring its own weights back")
