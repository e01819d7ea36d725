"""The contract of `tracking`, whichever tool fills it; what the tool keeps is its own test."""

import inspect
import logging
import math
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from {{cookiecutter.package_name}} import tracking

NAME = tracking.__name__


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    return tmp_path


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == NAME]


def test_names_and_signatures_are_those_of_the_port() -> None:
    start = inspect.signature(tracking.start_run).parameters
    log = inspect.signature(tracking.Run.log).parameters
    artifact = inspect.signature(tracking.Run.artifact).parameters
    assert list(start) == ["job", "params", "tags"]
    assert start["params"].annotation == Mapping[str, tracking.Scalar]
    assert start["tags"].annotation == Sequence[str]
    assert list(log) == ["self", "metrics", "step"]
    assert list(artifact) == ["self", "path", "name"]


def test_a_run_takes_all_that_a_step_says(
    project: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "card.md").write_text("# Card")
    params: dict[str, tracking.Scalar] = {"network": "cnn", "epochs": 3, "rate": 0.1, "fast": True}
    with tracking.start_run("train", params, tags=["cnn"]) as run:
        run.log({"loss": 0.5, "accuracy": 0.9}, step=0)
        run.log({"loss": 0.4}, step=1)
        run.log({"test_loss": 0.45})
        run.artifact("card.md", "card")
        assert Path(run.url).is_dir()
    assert warnings_in(caplog) == []
    assert capfd.readouterr().out == ""


def test_odd_names_and_numbers_are_survived(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (project / "größe").mkdir()
    (project / "größe/a.txt").write_text("a")
    with tracking.start_run("prüfe/../alles ☃", {"größe": "ü", "rate": math.inf}, ["ä"]) as run:
        run.log({"verlust/größe ☃": math.nan, "b": math.inf, "c": -math.inf}, step=0)
        run.artifact("größe", "../größe ☃")
    assert warnings_in(caplog) == []
    kept = {path.name for path in project.iterdir()}
    assert kept <= {".cache", "größe", "home"}


def test_a_crash_is_raised_again(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ZeroDivisionError), tracking.start_run("train", {}):
        _ = 1 / 0
    with pytest.raises(KeyboardInterrupt), tracking.start_run("train", {}):
        raise KeyboardInterrupt
    assert warnings_in(caplog) == []


def test_runs_of_one_process_are_kept_apart() -> None:
    with tracking.start_run("tune", {}) as first, tracking.start_run("tune", {}) as second:
        first.log({"loss": 1.0}, step=0)
        second.log({"loss": 2.0}, step=0)
        assert first.url != second.url
    with tracking.start_run("tune", {}) as third:
        assert third.url not in {first.url, second.url, ""}


def test_a_tracker_that_cannot_open_a_run_costs_a_warning_only(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (project / ".cache").write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING), tracking.start_run("train", {"rate": 0.1}) as run:
        run.log({"loss": 0.5}, step=0)
        run.artifact("missing.txt", "card")
        trained = True
    assert trained
    assert run.url == ""
    assert "could not open a run" in "\n".join(warnings_in(caplog))


def test_what_cannot_be_kept_costs_a_warning_only(caplog: pytest.LogCaptureFixture) -> None:
    with tracking.start_run("train", {}) as run:
        run.artifact("missing.txt", "card")
        run.log({"loss": "high"}, step=0)  # type: ignore[dict-item]
    assert "could not keep missing.txt" in warnings_in(caplog)[0]
    assert "could not log metrics" in warnings_in(caplog)[1]


def test_a_step_without_a_terminal_neither_asks_nor_waits(project: Path) -> None:
    script = "with start_run('train', dict(rate=0.1)) as run: run.log(dict(loss=0.5), step=0)"
    start = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-c", f"from {NAME} import start_run\n{script}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert result.stdout + result.stderr == ""
    assert time.monotonic() - start < 60
    assert not (project / "home").exists()
