"""Tuning through the real training loop, on the splits that `prepare` writes."""

from pathlib import Path

import pandas as pd
import pytest
import tracked
from small_data import write_splits

from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.params import load_params
from {{cookiecutter.package_name}}.provenance import origin
from {{cookiecutter.package_name}}.steps import train, tune

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
    Path("params.yaml").write_text(PARAMS)
    write_splits()
    return tmp_path


def test_the_best_values_are_what_train_takes(capsys: pytest.CaptureFixture[str]) -> None:
    tune.run(load_params(), trials=3, apply=Path("params.yaml"))
    table = pd.read_csv("reports/tuning/trials.csv")
    assert len(table) == 3
    assert Path("reports/tuning/history.png").read_bytes().startswith(b"\x89PNG")
    runs = [tracked.read(url) for url in tracked.runs()]
    assert [(run.job, run.status) for run in runs] == [("tune", "finished")] * 3
    assert {run.params["widths"] for run in runs} <= {"8", "8-4"}
    assert {run.params["data"] for run in runs} == {origin()["data"]}
    assert {len(run.curves["validation_loss"]) for run in runs} == {2}

    best = load_params("reports/tuning/best.yaml")
    assert load_params().models["small"] == best.models["small"]
    assert "# tuned" in Path("params.yaml").read_text()
    capsys.readouterr()
    before = set(tracked.runs())
    train.run(best, "small")
    assert f"validation loss {table['loss'].min():.4f}" in capsys.readouterr().out
    [url] = set(tracked.runs()) - before
    run = tracked.read(url)
    assert (run.job, run.status) == ("train", "finished")
    assert {name: run.params[name] for name in origin()} == origin()
    assert min(value for _, value in run.curves["validation_loss"]) == pytest.approx(
        table["loss"].min()
    )
    assert run.artifacts["small-learning-curve"] == ["learning_curve.png"]
    assert len(run.artifacts["small-weights"]) == 1


def test_a_second_call_has_nothing_left_to_try() -> None:
    tune.run(load_params(), model=["small"], trials=2, apply=Path("params.yaml"))
    before = Path("reports/tuning/trials.csv").read_bytes()
    assert len(tracked.runs()) == 2
    tune.run(load_params(), model=["small"], trials=2)
    assert Path("reports/tuning/trials.csv").read_bytes() == before
    assert len(tracked.runs()) == 2


def test_models_are_tried_in_their_own_spaces_and_the_best_is_written_back() -> None:
    several = PARAMS.replace("tune:", "  wide: {network: mlp, widths: [16], epochs: 1}\ntune:")
    own = "  models: {wide: {learning_rate: {kind: uniform, low: 0.2, high: 0.3}}}\n"
    Path("params.yaml").write_text(several + own)
    before = load_params().models
    tune.run(load_params(), model=["small", "wide"], trials=4, apply=Path("params.yaml"))
    table = pd.read_csv("reports/tuning/trials.csv")
    assert set(table["model"]) == {"small", "wide"}
    assert ((table["learning_rate"] >= 0.2) == (table["model"] == "wide")).all()
    best = min(table.to_dict("records"), key=lambda row: row["loss"])
    assert list(load_params("reports/tuning/best.yaml").models) == [best["model"]]
    after = load_params().models
    assert after[best["model"]].learning_rate == best["learning_rate"]
    [other] = {"small", "wide"} - {best["model"]}
    assert after[other] == before[other]


def test_learning_rates_that_diverge_are_tried_and_given_up() -> None:
    wild = PARAMS.replace("low: 0.001, high: 0.05", "low: 1e30, high: 1e31")
    Path("params.yaml").write_text(wild)
    with pytest.raises(UserError, match=r"none of 2 trials came to its end; .*diverged"):
        tune.run(load_params(), trials=2)


def test_rows_that_are_no_numbers_end_the_search_at_once() -> None:
    train_split = pd.read_parquet("data/prepared/train.parquet")
    train_split.loc[3, SCHEMA.feature_names[0]] = float("nan")
    train_split.to_parquet("data/prepared/train.parquet")
    with pytest.raises(UserError, match="values that are no numbers"):
        tune.run(load_params(), trials=2)
    assert len(tracked.runs()) == 1
