"""What is served, what is scored and what the framework itself answers are the same."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from trained import train_model

from {{cookiecutter.package_name}} import protocol
from {{cookiecutter.package_name}}.__main__ import main
from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.features import to_tensor
from {{cookiecutter.package_name}}.params import ModelParams
from {{cookiecutter.package_name}}.predictor import Predictor


@pytest.fixture(params=["mlp", "cnn"])
def answers(request: pytest.FixtureRequest, folder: Path, rows: pd.DataFrame) -> np.ndarray:
    params = ModelParams(network=request.param, widths=(8, 8), epochs=2)
    return train_model(folder / "models", rows, params)


def scored(rows: pd.DataFrame) -> pd.DataFrame:
    Path("params.yaml").write_text("models: {mlp: {network: mlp, widths: [4]}}", encoding="utf-8")
    rows.to_parquet("rows.parquet")
    assert main(["score", "--input", "rows.parquet", "--output", "predictions.parquet"]) == 0
    return pd.read_parquet("predictions.parquet")


def test_served_is_scored_is_what_the_framework_answers(
    answers: np.ndarray, rows: pd.DataFrame
) -> None:
    table = scored(rows)
    columns = [f"probability_{name}" for name in SCHEMA.classes]
    np.testing.assert_allclose(table[columns].to_numpy(), answers, atol=1e-5)

    predictor = Predictor()
    values = to_tensor(rows, SCHEMA)
    as_json = json.dumps({"inputs": values.tolist()}).encode()
    for media, body in ((protocol.JSON, as_json), (protocol.FLOATS, values.tobytes())):
        served = predictor.probabilities(protocol.read(media, body, predictor))
        np.testing.assert_allclose(served, answers, atol=1e-5)
        assert predictor.labels(served) == list(table.predicted)
