"""Write the champion as models/model.onnx, and hold it against the framework's own answers.

Preprocessing and softmax are inside the graph: it takes raw features and gives probabilities.
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

TOLERANCE = 1e-5


def run(params: Params) -> None:
    """Export the champion; a graph that answers differently is not kept."""
    name = read_json("models/champion.json")["model"]
    if name not in params.models:
        raise UserError(f"the champion {name!r} is not in params.yaml: run `make pipeline`")
    model = load(f"models/candidates/{name}", params.models[name], SCHEMA)
    inputs, _ = read_split("validation")
    with atomic("models/model.onnx") as path:
        export(model, SCHEMA, path)
        onnx.checker.check_model(str(path), full_check=True)
        samples = [inputs[:1], inputs[:3], inputs]
        gap = difference(path, [(some, probabilities(model, some)) for some in samples])
    print(f"models/model.onnx: {name}, within {gap:.1e} of the framework")


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
