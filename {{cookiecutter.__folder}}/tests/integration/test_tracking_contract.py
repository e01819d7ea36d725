"""The contract of `tracking`, whichever tool fills it: what is said can be read back.

`tracked.py` reads a run with the tool's own reader, or with the classes of its records; what only
one tool has is its own test.
"""

import inspect
import logging
import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import tracked

from {{cookiecutter.package_name}} import tracking

NAME = tracking.__name__
STEPS = 10_000


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == NAME]


def same(kept: tracking.Scalar, sent: tracking.Scalar) -> bool:
    """Some tools keep every param as text, some every number as a float."""
    if isinstance(sent, str | bool):
        return str(kept) == str(sent)
    return float(kept) == float(sent)


def crash(error: type[BaseException], urls: list[str]) -> None:
    """Raise `error` inside of a run, after its address was noted."""
    with tracking.start_run("train", {}) as run:
        urls.append(run.url)
        run.log({"loss": 0.5}, step=0)
        raise error


def test_names_and_signatures_are_those_of_the_port() -> None:
    start = inspect.signature(tracking.start_run).parameters
    log = inspect.signature(tracking.Run.log).parameters
    artifact = inspect.signature(tracking.Run.artifact).parameters
    assert list(start) == ["job", "params", "tags"]
    assert start["params"].annotation == Mapping[str, tracking.Scalar]
    assert start["tags"].annotation == Sequence[str]
    assert list(log) == ["self", "metrics", "step"]
    assert list(artifact) == ["self", "path", "name"]


def test_what_a_step_says_is_read_back(
    project: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    (project / "card.md").write_text("# Card")
    (project / "weights/deep").mkdir(parents=True)
    (project / "weights/a.bin").write_bytes(b"a")
    (project / "weights/deep/b.bin").write_bytes(b"b")
    params: dict[str, tracking.Scalar] = {"network": "cnn", "epochs": 3, "rate": 0.1, "fast": True}
    with tracking.start_run("train", params, tags=["cnn", "night run"]) as run:
        run.log({"loss": 0.5, "accuracy": 0.75}, step=0)
        run.log({"loss": 0.25}, step=3)
        run.log({"loss": 0.125})
        run.artifact("card.md", "card")
        run.artifact("weights", "cnn-weights")
    assert warnings_in(caplog) == []
    assert capfd.readouterr().out == ""
    kept = tracked.read(run.url)
    assert kept.job == "train"
    assert {name for name in params if same(kept.params[name], params[name])} == set(params)
    assert sorted(kept.tags) == ["cnn", "night run"]
    assert kept.curves["loss"] == [(0, 0.5), (3, 0.25), (4, 0.125)]
    assert kept.curves["accuracy"] == [(0, 0.75)]
    assert kept.artifacts == {"card": ["card.md"], "cnn-weights": ["a.bin", "deep/b.bin"]}
    assert kept.status == "finished"


def test_odd_names_and_numbers_are_kept(project: Path, caplog: pytest.LogCaptureFixture) -> None:
    (project / "größe").mkdir()
    (project / "größe/a.txt").write_text("a")
    params: dict[str, tracking.Scalar] = {"größe": "ü ☃", "rate": math.inf, "empty": ""}
    metrics = {"verlust/größe ☃": math.nan, "b": math.inf, "c": -math.inf, "d e%f": 1e-300}
    with tracking.start_run("prüfe/../alles ☃", params, ["ä"]) as run:
        run.log(metrics, step=0)
        run.log({"b": 1.0}, step=1)
        run.artifact("größe", "../größe ☃")
    assert warnings_in(caplog) == []
    kept = tracked.read(run.url)
    assert same(kept.params[tracked.kept_name("größe")], "ü ☃")
    assert same(kept.params["rate"], math.inf)
    assert kept.tags == ["ä"]
    for name, value in metrics.items():
        step, found = kept.curves[tracked.kept_name(name)][0]
        assert step == 0
        assert np.array_equal(tracked.FLOAT(found), tracked.FLOAT(value), equal_nan=True), name
    assert kept.curves["b"][1] == (1, 1.0)
    assert list(kept.artifacts.values()) == [["a.txt"]]
    assert {path.name for path in project.iterdir()} <= {".cache", "größe"}


def test_ten_thousand_steps_are_all_there() -> None:
    with tracking.start_run("train", {}) as run:
        for step in range(STEPS):
            run.log({"loss": 1 / (step + 1)}, step=step)
    steps, losses = zip(*tracked.read(run.url).curves["loss"], strict=True)
    assert list(steps) == list(range(STEPS))
    assert np.allclose(losses, 1 / np.arange(1, STEPS + 1))


def test_a_crash_is_raised_again_and_marks_the_run_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for error in (ZeroDivisionError, KeyboardInterrupt):
        urls: list[str] = []
        with pytest.raises(error):
            crash(error, urls)
        kept = tracked.read(urls[0])
        assert kept.status == "failed"
        assert kept.curves["loss"] == [(0, 0.5)]
    assert warnings_in(caplog) == []


def test_runs_of_one_process_are_kept_apart() -> None:
    with tracking.start_run("tune", {}) as first, tracking.start_run("tune", {}) as second:
        first.log({"loss": 1.0}, step=0)
        second.log({"loss": 2.0}, step=0)
    with tracking.start_run("tune", {}) as third:
        third.log({"loss": 3.0}, step=0)
    assert [tracked.read(run.url).curves["loss"] for run in (first, second, third)] == [
        [(0, 1.0)],
        [(0, 2.0)],
        [(0, 3.0)],
    ]


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
    result = subprocess.run(
        [sys.executable, "-c", f"from {NAME} import start_run\n{script}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert result.stdout + result.stderr == ""
    assert not (project / "home").exists()
