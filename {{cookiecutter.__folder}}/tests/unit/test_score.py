from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_model import write_model

from {{cookiecutter.package_name}}.data.spec import Feature, Schema
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.params import ModelParams, Params
from {{cookiecutter.package_name}}.predictor import Predictor
from {{cookiecutter.package_name}}.steps import score

SCHEMA = Schema(
    features=(Feature("height", 0, 10), Feature("count", 0, 100), Feature("age", 0, 120)),
    classes=("low", "high"),
    input_shape=(3,),
)
PARAMS = Params(models={"mlp": ModelParams(network="mlp", widths=(4,))})
ROWS, OUTPUT = Path("rows.parquet"), Path("predictions/out.parquet")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "models", schema=SCHEMA)


def table(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    columns = {f.name: rng.uniform(f.low, f.high, rows) for f in SCHEMA.features}
    return pd.DataFrame({"customer": [f"c{i}" for i in range(rows)], **columns})


def scored(frame: pd.DataFrame) -> pd.DataFrame:
    frame.to_parquet(ROWS)
    score.run(PARAMS, rows=ROWS, output=OUTPUT)
    return pd.read_parquet(OUTPUT)


def test_every_row_gets_the_answer_of_the_predictor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score, "BATCH", 64)
    frame = table(1000)
    result = scored(frame)
    predictor = Predictor()
    expected = predictor.probabilities(
        predictor.validate(frame[SCHEMA.feature_names].to_numpy("float32"))
    )
    np.testing.assert_array_equal(result[["probability_low", "probability_high"]], expected)
    assert list(result.predicted) == predictor.labels(expected)


def test_other_columns_and_the_order_of_rows_are_kept() -> None:
    frame = table(300).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(scored(frame)[list(frame)], frame)


def test_the_order_of_columns_does_not_matter() -> None:
    frame = table(50)
    backwards = scored(frame[list(frame)[::-1]])
    pd.testing.assert_series_equal(backwards.predicted, scored(frame).predicted)


def test_integers_are_numbers_and_no_rows_are_fine() -> None:
    assert scored(table(5).round().astype({"height": int})).predicted.notna().all()
    assert len(scored(table(0))) == 0


@pytest.mark.parametrize(("value", "got"), [(11.0, "11.0"), (np.nan, "nan"), (np.inf, "inf")])
def test_a_bad_value_is_named_by_row_and_column_and_nothing_is_written(
    value: float, got: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "BATCH", 64)
    frame = table(300)
    frame.loc[201, "height"] = value
    with pytest.raises(UserError, match=rf"row 201: expected height, .*from 0 to 10, got {got}"):
        scored(frame)
    assert list(OUTPUT.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("height", "tall", "column height holds .*string, not numbers"),
        ("height", True, "column height holds bool, not numbers"),
        ("predicted", "x", "already has a column predicted"),
    ],
)
def test_columns_that_cannot_be_are_refused(column: str, value: str | bool, message: str) -> None:
    frame = table(3)
    frame[column] = value
    with pytest.raises(UserError, match=message):
        scored(frame)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UserError, match="columns are missing: count"):
        scored(table(3).drop(columns="count"))


def test_a_file_that_is_not_there_or_not_parquet_is_refused() -> None:
    with pytest.raises(UserError, match=r"rows\.parquet is missing"):
        score.run(PARAMS, rows=ROWS, output=OUTPUT)
    ROWS.write_text("height,count\n1,2\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"rows\.parquet is not a Parquet file"):
        score.run(PARAMS, rows=ROWS, output=OUTPUT)
