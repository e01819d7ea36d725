"""Tuning through the real training loop, on the splits that `prepare` writes."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pandas as pd
import pytest
from small_data import write_splits

from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.params import load_params
from {{cookiecutter.package_name}}.steps import train, tune
from {{cookiecutter.package_name}}.tracking import Run, Scalar, start_run

Opened = AbstractContextManager[Run]

PARAMS = """\
models:
  small: {network: mlp, widths: [8], epochs: 2}  # tuned
tune:
  space:
    learning_rate: {kind: log_uniform, low: 0.001, high: 0.05}
    widths: {kind: categorical, values: [[8], [8, 4]]}
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    Path("params.yaml").write_text(PARAMS)
    write_splits()
    return tmp_path


@pytest.fixture
def tracked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Scalar]]]:
    """Note what runs are opened; they are opened all the same."""
    opened = []

    def noting(job: str, params: Mapping[str, Scalar], tags: Sequence[str]) -> Opened:
        opened.append((job, dict(params)))
        return start_run(job, params, tags)

    monkeypatch.setattr(tune, "start_run", noting)
    return opened


def test_the_best_values_are_what_train_takes(
    tracked: list[tuple[str, dict[str, Scalar]]], capsys: pytest.CaptureFixture[str]
) -> None:
    tune.run(load_params(), trials=3, apply=Path("params.yaml"))
    table = pd.read_csv("reports/tuning/trials.csv")
    assert len(table) == 3
    assert Path("reports/tuning/history.png").read_bytes().startswith(b"\x89PNG")
    assert [job for job, _ in tracked] == ["tune"] * 3
    assert tracked[0][1]["widths"] in {"8", "8-4"}

    best = load_params("reports/tuning/best.yaml")
    assert load_params().models["small"] == best.models["small"]
    assert "# tuned" in Path("params.yaml").read_text()
    capsys.readouterr()
    train.run(best, "small")
    assert f"validation loss {table['loss'].min():.4f}" in capsys.readouterr().out


def test_a_second_call_has_nothing_left_to_try(
    tracked: list[tuple[str, dict[str, Scalar]]],
) -> None:
    tune.run(load_params(), model=["small"], trials=2)
    before = Path("reports/tuning/trials.csv").read_bytes()
    assert len(tracked) == 2
    tune.run(load_params(), model=["small"], trials=2)
    assert Path("reports/tuning/trials.csv").read_bytes() == before
    assert len(tracked) == 2


def test_learning_rates_that_diverge_are_tried_and_given_up() -> None:
    wild = PARAMS.replace("low: 0.001, high: 0.05", "low: 1e30, high: 1e31")
    Path("params.yaml").write_text(wild)
    with pytest.raises(UserError, match=r"none of 2 trials came to its end; .*diverged"):
        tune.run(load_params(), trials=2)


def test_rows_that_are_no_numbers_end_the_search_at_once(
    tracked: list[tuple[str, dict[str, Scalar]]],
) -> None:
    train_split = pd.read_parquet("data/prepared/train.parquet")
    train_split.loc[3, SCHEMA.feature_names[0]] = float("nan")
    train_split.to_parquet("data/prepared/train.parquet")
    with pytest.raises(UserError, match="values that are no numbers"):
        tune.run(load_params(), trials=2)
    assert len(tracked) == 1
