"""A real ONNX model of the schema's shape, made in milliseconds: tests need no trained one."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from {{cookiecutter.package_name}}.artifacts import sha256
from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.data.spec import Schema


def write_model(folder: Path, seed: int = 0, schema: Schema = SCHEMA) -> str:
    """Write model.onnx and model.json, a linear model with weights of `seed`; return its id."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(linear(schema, seed), folder / "model.onnx")
    digest = sha256(folder / "model.onnx")
    about = {
        "id": f"small-{digest[:12]}",
        "name": "small",
        "sha256": digest,
        "schema": schema.to_dict(),
        "metrics": {"accuracy": 0.5},
    }
    (folder / "model.json").write_text(json.dumps(about))
    return about["id"]  # type: ignore[return-value]


def linear(schema: Schema, seed: int) -> onnx.ModelProto:
    shape = (len(schema.features), len(schema.classes))
    scale = 0.1 / max(abs(bound) for f in schema.features for bound in (f.low, f.high))
    weights = np.random.default_rng(seed).normal(scale=scale, size=shape).astype(np.float32)
    nodes = [
        helper.make_node("Flatten", ["inputs"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    floats = TensorProto.FLOAT
    inputs = helper.make_tensor_value_info("inputs", floats, ["batch", *schema.input_shape])
    outputs = helper.make_tensor_value_info("probabilities", floats, ["batch", shape[1]])
    initial = [numpy_helper.from_array(weights, "weights")]
    graph = helper.make_graph(nodes, "linear", [inputs], [outputs], initial)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def rows(count: int, seed: int = 0, schema: Schema = SCHEMA) -> np.ndarray:
    """Give random rows that are valid, float32 of shape (count, *input_shape)."""
    low = np.asarray([feature.low for feature in schema.features])
    high = np.asarray([feature.high for feature in schema.features])
    values = np.random.default_rng(seed).uniform(low, high, size=(count, len(low)))
    return values.astype(np.float32).reshape(count, *schema.input_shape)
