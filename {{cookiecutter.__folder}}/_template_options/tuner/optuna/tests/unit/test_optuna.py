"""What only a study on disk has: it outlives a kill, and keeps a second search out."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.params import Choice, Range
from {{cookiecutter.package_name}}.tuning import Report, Value, search

SPACE: dict[str, Range | Choice] = {
    "x": Range(kind="uniform", low=0, high=1),
    "widths": Choice(kind="categorical", values=((8,), (16, 16))),
}

KILLED = """
import os, signal, sys
from {{cookiecutter.package_name}}.params import Choice, Range
from {{cookiecutter.package_name}}.tuning import search

space = dict(
    x=Range(kind="uniform", low=0, high=1),
    widths=Choice(kind="categorical", values=((8,), (16, 16))),
)
calls = []

def objective(values, report):
    calls.append(values)
    if len(calls) == 13:
        report(1, 0.5)
        os.kill(os.getpid(), signal.SIGKILL)
    return values["x"]

search(objective, space, 15, 3, sys.argv[1])
"""


def line(values: dict[str, Value], report: Report) -> float:
    assert isinstance(values["x"], float)
    return values["x"]


def test_a_killed_search_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path / "a")]
    killed = subprocess.run(command, check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    run: list[Value] = []

    def watched(values: dict[str, Value], report: Report) -> float:
        run.append(values["x"])
        return line(values, report)

    resumed = search(watched, SPACE, 15, 3, tmp_path / "a")
    undisturbed = search(line, SPACE, 15, 3, tmp_path / "b")
    assert len(run) == 3
    assert [t.values for t in resumed.trials] == [t.values for t in undisturbed.trials]
    assert resumed.values == undisturbed.values


def test_a_second_search_in_the_same_folder_is_kept_out(tmp_path: Path) -> None:
    inside, done = threading.Event(), threading.Event()

    def slow(values: dict[str, Value], report: Report) -> float:
        inside.set()
        assert done.wait(60)
        return line(values, report)

    first = threading.Thread(target=search, args=(slow, SPACE, 1, 0, tmp_path))
    first.start()
    assert inside.wait(60)
    with pytest.raises(UserError, match="another search runs in"):
        search(line, SPACE, 1, 0, tmp_path)
    done.set()
    first.join(60)
    assert search(line, SPACE, 1, 0, tmp_path).loss >= 0
