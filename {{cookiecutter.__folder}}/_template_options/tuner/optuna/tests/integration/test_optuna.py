"""What only Optuna has: a resumed search is the undisturbed one, and machines share a database."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.params import Choice, Range
from {{cookiecutter.package_name}}.trials import Report, Space, Value
from {{cookiecutter.package_name}}.tuning import search

SPACE: Space = {
    "x": Range(kind="uniform", low=0, high=1),
    "widths": Choice(kind="categorical", values=((8,), (16, 16))),
}


@dataclass
class Line:
    """The loss is x; the trial with the number `broken` is interrupted."""

    broken: int = 0
    calls: int = 0

    def __call__(self, model: str, values: dict[str, Value], report: Report) -> float:
        self.calls += 1
        if self.calls == self.broken:
            raise KeyboardInterrupt
        assert isinstance(values["x"], float)
        return values["x"]


def test_a_resumed_search_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(Line(broken=13), {"cnn": SPACE}, 15, 3, tmp_path / "a")
    line = Line()
    resumed = search(line, {"cnn": SPACE}, 15, 3, tmp_path / "a")
    undisturbed = search(Line(), {"cnn": SPACE}, 15, 3, tmp_path / "b")
    assert line.calls == 3
    assert [t.values for t in resumed.trials] == [t.values for t in undisturbed.trials]
    assert resumed.values == undisturbed.values


def test_a_second_search_in_the_same_folder_is_kept_out(tmp_path: Path) -> None:
    inside, done = threading.Event(), threading.Event()

    def slow(model: str, values: dict[str, Value], report: Report) -> float:
        inside.set()
        assert done.wait(60)
        return 1.0

    first = threading.Thread(target=search, args=(slow, {"cnn": SPACE}, 1, 0, tmp_path))
    first.start()
    assert inside.wait(60)
    with pytest.raises(UserError, match="another search runs in"):
        search(Line(), {"cnn": SPACE}, 1, 0, tmp_path)
    done.set()
    first.join(60)
    assert search(Line(), {"cnn": SPACE}, 1, 0, tmp_path).loss == 1.0


def test_machines_that_share_a_database_share_the_trials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes stand for the machines; they start on a database that is not there yet."""
    monkeypatch.setenv("OPTUNA_STORAGE", f"sqlite:///{tmp_path}/shared.db")
    command = [sys.executable, __file__, str(tmp_path / "cnn-1")]
    machines = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    printed = [machine.communicate(timeout=120)[0].split() for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0]
    assert min(map(len, printed)) >= 1
    best = search(Line(), {"cnn": SPACE}, 6, 0, tmp_path / "cnn-1")
    tried = sorted(f"{trial.values['x']:.4g}" for trial in best.trials)
    assert tried == sorted(printed[0] + printed[1])
    assert 6 <= len(best.trials) <= 7
    assert not (tmp_path / "cnn-1").exists()


def test_a_database_that_cannot_be_opened_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setenv("OPTUNA_STORAGE", f"sqlite:///{tmp_path}/missing/shared.db")
    with pytest.raises(UserError, match=r"OPTUNA_STORAGE cannot be opened: .*unable to open"):
        search(Line(), {"cnn": SPACE}, 1, 0, tmp_path)


def _share(folder: str) -> None:
    """Search, and print what was tried; the first trial waits for that of the other machine."""

    def shown(model: str, values: dict[str, Value], report: Report) -> float:
        print(f"{values['x']:.4g}", flush=True)
        Path(f"{folder}.{os.getpid()}").touch()
        while len(list(Path(folder).parent.glob("cnn-1.*"))) < 2:
            time.sleep(0.05)
        report(1, 1.0)
        return float(values["x"])  # type: ignore[arg-type]

    search(shown, {"cnn": SPACE}, 6, 0, folder)


if __name__ == "__main__":
    _share(sys.argv[1])
