"""From the source to the splits: three steps, and what stays on disk when one fails."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from {{cookiecutter.package_name}}.data import source
from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.params import Params
from {{cookiecutter.package_name}}.steps import ingest, prepare, validate

Loads = Callable[[pd.DataFrame], None]
NAME = SCHEMA.feature_names[0]


@pytest.fixture
def params() -> Params:
    settings = {
        "validate": {"minimum_rows": 20},
        "models": {"a": {"network": "mlp", "widths": [4]}},
    }
    return Params.model_validate(settings)


@pytest.fixture
def loads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Loads:
    def loads(frame: pd.DataFrame) -> None:
        monkeypatch.setattr(source, "load", lambda: frame)

    return loads


def test_rows_go_from_the_source_to_three_splits(
    rows: pd.DataFrame, params: Params, loads: Loads
) -> None:
    loads(rows)
    for step in (ingest, validate, prepare):
        step.run(params)
    splits = [
        pd.read_parquet(f"data/prepared/{n}.parquet") for n in ("train", "validation", "test")
    ]
    assert sum(map(len, splits)) == len(rows)
    assert not pd.concat(splits).duplicated(SCHEMA.feature_names).any()
    statistics = json.loads(Path("data/prepared/statistics.json").read_text())
    assert statistics["features"][NAME]["mean"] == pytest.approx(splits[0][NAME].mean(), rel=1e-5)
    assert json.loads(Path("reports/validation.json").read_text())["valid"] is True


def test_the_same_rows_and_seed_give_the_same_bytes(
    rows: pd.DataFrame, params: Params, loads: Loads
) -> None:
    loads(rows)
    written = []
    for _ in range(2):
        for step in (ingest, validate, prepare):
            step.run(params)
        written.append({p.name: p.read_bytes() for p in Path("data/prepared").iterdir()})
    assert written[0] == written[1]


def test_broken_rows_stop_here_with_a_report(
    rows: pd.DataFrame, params: Params, loads: Loads
) -> None:
    loads(rows)
    ingest.run(params)
    validate.run(params)
    high = SCHEMA.features[0].high
    loads(rows.assign(**{NAME: high + 1}))
    ingest.run(params)
    with pytest.raises(UserError, match=f"range: {NAME}: {len(rows)} values outside"):
        validate.run(params)
    assert not Path("data/validated/rows.parquet").exists()
    assert f"{NAME}: {len(rows)} values" in Path("reports/validation.html").read_text()
    assert json.loads(Path("reports/validation.json").read_text())["valid"] is False


def test_a_long_list_of_problems_is_cut_in_the_message_only(
    rows: pd.DataFrame, params: Params, loads: Loads
) -> None:
    loads(pd.DataFrame({f"surplus_{i}": [i] for i in range(40)}))
    ingest.run(params)
    with pytest.raises(UserError) as caught:
        validate.run(params)
    lines = str(caught.value).splitlines()
    assert len(lines) == 23
    assert lines[-2].endswith("more")
    assert "surplus_39" in Path("reports/validation.html").read_text()


def test_a_step_without_its_input_says_what_to_run(folder: Path, params: Params) -> None:
    with pytest.raises(UserError, match=r"data/raw/rows.parquet is missing: run `make pipeline`"):
        validate.run(params)
    with pytest.raises(UserError, match=r"data/validated/rows.parquet is missing"):
        prepare.run(params)


def test_a_broken_file_is_not_a_traceback(folder: Path, params: Params) -> None:
    Path("data/raw").mkdir(parents=True)
    Path("data/raw/rows.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(UserError, match="is not a Parquet file"):
        validate.run(params)


def test_a_column_that_mixes_text_and_numbers_is_named(
    rows: pd.DataFrame, params: Params, loads: Loads
) -> None:
    mixed = rows.astype({NAME: object})
    mixed.loc[0, NAME] = "text"
    loads(mixed)
    with pytest.raises(UserError, match=NAME):
        ingest.run(params)
    assert not Path("data/raw/rows.parquet").exists()
