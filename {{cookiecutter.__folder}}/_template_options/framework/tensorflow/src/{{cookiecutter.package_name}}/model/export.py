"""Turn a trained model into an ONNX graph, and run it in the framework to compare the two."""

from pathlib import Path

import numpy as np
import onnx
import tensorflow as tf
import tf2onnx

from ..data.spec import Schema
from .network import Classifier


def export(model: Classifier, schema: Schema, path: str | Path) -> None:
    """Write `model` to `path`: raw features `inputs` to `probabilities`, any number of rows."""
    spec = tf.TensorSpec((None, *schema.input_shape), tf.float32, name="inputs")
    function = tf.function(lambda inputs: {"probabilities": model(inputs)}, input_signature=[spec])
    graph, _ = tf2onnx.convert.from_function(function, [spec], opset=17)
    for value in (*graph.graph.input, *graph.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.save(graph, str(path))


def probabilities(model: Classifier, inputs: np.ndarray) -> np.ndarray:
    """Return what the framework itself answers; shape (n, classes)."""
    result: np.ndarray = model(inputs).numpy()
    return result
