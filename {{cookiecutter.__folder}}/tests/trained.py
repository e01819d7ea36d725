"""A small network that is really trained, and put where the service and `score` find it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from small_model import write_model

from {{cookiecutter.package_name}}.artifacts import sha256
from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.features import to_indices, to_tensor
from {{cookiecutter.package_name}}.fitting import Unwatched, fit
from {{cookiecutter.package_name}}.model.export import export, probabilities
from {{cookiecutter.package_name}}.params import ModelParams


def train_model(folder: Path, rows: pd.DataFrame, params: ModelParams) -> np.ndarray:
    """Train on `rows`, write model.onnx and model.json, and return the framework's answers."""
    values, labels = to_tensor(rows, SCHEMA), to_indices(rows, SCHEMA)
    result = fit("small", params, SCHEMA, (values, labels), (values, labels), 0, Unwatched())
    write_model(folder)
    export(result.model, SCHEMA, folder / "model.onnx")
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    about["sha256"] = sha256(folder / "model.onnx")
    (folder / "model.json").write_text(json.dumps(about), encoding="utf-8")
    answers: np.ndarray = probabilities(result.model, values)
    return answers
