"""From a trained champion to the file that is served, through the files between."""

import json
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest

from {{cookiecutter.package_name}}.data.prepared import read_split
from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.data.split import SPLITS
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.fitting import Unwatched, fit
from {{cookiecutter.package_name}}.model.training import save
from {{cookiecutter.package_name}}.params import Params
from {{cookiecutter.package_name}}.predictor import open_session
from {{cookiecutter.package_name}}.steps import export

MODEL = Path("models/model.onnx")
WIDE = {"network": "mlp", "widths": [256, 256], "epochs": 10}


def params(**settings: object) -> Params:
    return Params.model_validate({"models": {"wide": WIDE}, "export": settings})


@pytest.fixture(autouse=True)
def champion(folder: Path, rows: pd.DataFrame) -> None:
    Path("data/prepared").mkdir(parents=True)
    for split in SPLITS:
        rows.to_parquet(f"data/prepared/{split}.parquet")
    train, validation = read_split("train"), read_split("validation")
    model = params().models["wide"]
    result = fit("wide", model, SCHEMA, train, validation, 0, Unwatched())
    save(result.model, "models/candidates/wide")
    Path("models/champion.json").write_text(json.dumps({"model": "wide"}))


def answers() -> np.ndarray:
    found: np.ndarray = open_session(MODEL).run(None, {"inputs": read_split("test")[0]})[0]
    return found


def test_int8_makes_a_small_file_that_answers_much_the_same() -> None:
    export.run(params())
    size, whole = MODEL.stat().st_size, answers()
    export.run(params(int8=True, maximum_drop=0.2))
    assert MODEL.stat().st_size < size / 2
    assert np.abs(answers() - whole).max() < 0.1
    kinds = {initial.data_type for initial in onnx.load(str(MODEL)).graph.initializer}
    assert onnx.TensorProto.INT8 in kinds


def test_int8_that_costs_too_much_leaves_the_old_file(monkeypatch: pytest.MonkeyPatch) -> None:
    export.run(params())
    before = MODEL.read_bytes()
    monkeypatch.setattr(export, "read_split", far_too_large)
    with pytest.raises(UserError, match=r"int8 costs .* more than export\.maximum_drop 0 "):
        export.run(params(int8=True, maximum_drop=0))
    assert MODEL.read_bytes() == before


def far_too_large(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Give calibration rows from which scales follow that leave nothing of a real one."""
    inputs, labels = read_split(name)
    return (inputs * 1e6 if name == "train" else inputs), labels


def test_int8_takes_its_scales_from_all_classes_of_a_sorted_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inputs, labels = read_split("train")
    order, taken = np.argsort(labels, kind="stable"), []

    def remember(path: Path, calibration: np.ndarray) -> None:
        taken.append(calibration)

    monkeypatch.setattr(export, "CALIBRATION", 3 * len(SCHEMA.classes))
    monkeypatch.setattr(export, "read_split", lambda _: (inputs[order], labels[order]))
    monkeypatch.setattr(export, "quantise", remember)
    export.run(params(int8=True))
    rows = {row.tobytes(): label for row, label in zip(inputs, labels, strict=True)}
    assert len({rows[row.tobytes()] for row in taken[0]}) == len(SCHEMA.classes)
