"""Turn a trained model into an ONNX graph, and run it in the framework to compare the two."""

import warnings
from pathlib import Path

import numpy as np
import torch

from ..data.spec import Schema
from .network import Classifier


def export(model: Classifier, schema: Schema, path: str | Path) -> None:
    """Write `model` to `path`: raw features `inputs` to `probabilities`, any number of rows."""
    with warnings.catch_warnings():
        # The tracing exporter is announced to go one day; torch's upper bound in pyproject.toml
        # holds it here. These networks have no control flow that a trace could lose, the step
        # checks parity, and the newer exporter takes seven times as long for the same graph.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            model.eval(),
            (torch.zeros(2, *schema.input_shape),),
            str(path),
            dynamo=False,
            input_names=["inputs"],
            output_names=["probabilities"],
            dynamic_axes={"inputs": {0: "batch"}, "probabilities": {0: "batch"}},
            opset_version=17,
        )


@torch.inference_mode()
def probabilities(model: Classifier, inputs: np.ndarray) -> np.ndarray:
    """Return what the framework itself answers; shape (n, classes)."""
    result: np.ndarray = model.eval()(torch.tensor(inputs)).numpy()
    return result
