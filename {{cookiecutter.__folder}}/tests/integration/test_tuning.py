"""The contract of `tuning`, on cheap objectives; which tool searches does not matter here.

An objective may run in a process of its own, so it notes its calls in a file.
"""

import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.params import Choice, Range
from {{cookiecutter.package_name}}.trials import Pruned, Report, Space, Trial, Value
from {{cookiecutter.package_name}}.tuning import search

SPACE: Space = {
    "x": Range(kind="uniform", low=-2, high=2),
    "rate": Range(kind="log_uniform", low=0.001, high=1),
    "layers": Range(kind="integer", low=1, high=4),
    "widths": Choice(kind="categorical", values=((8,), (16, 16), (32, 16, 8))),
}
LINE: Space = {"x": Range(kind="uniform", low=0, high=1)}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@dataclass(frozen=True)
class Noting:
    """An objective whose calls can be counted, wherever they were made."""

    notes: Path

    def __call__(self, model: str, values: dict[str, Value], report: Report) -> float:
        with self.notes.open("a", encoding="utf-8") as file:
            file.write(json.dumps([model, values]) + "\n")
        return self.loss(model, values, report)

    @property
    def calls(self) -> list[tuple[str, dict[str, Value]]]:
        if not self.notes.exists():
            return []
        return [tuple(json.loads(line)) for line in self.notes.read_text().splitlines()]

    def loss(self, model: str, values: dict[str, Value], report: Report) -> float:
        return float(values["x"])  # type: ignore[arg-type]


class Bowl(Noting):
    def loss(self, model: str, values: dict[str, Value], report: Report) -> float:
        x, rate, layers = values["x"], values["rate"], values["layers"]
        assert isinstance(x, float)
        assert isinstance(rate, float)
        assert isinstance(layers, int)
        loss = x**2 + (math.log10(rate) + 2) ** 2 + layers
        report(1, loss)
        return loss


class Conditional(Noting):
    def loss(self, model: str, values: dict[str, Value], report: Report) -> float:
        return float(values["x"]) if model == "line" else 2.0 + int(values["steps"])  # type: ignore[arg-type]


class WorseEachTime(Noting):
    """Later trials are worse, so that the median of the others gives them up."""

    def loss(self, model: str, values: dict[str, Value], report: Report) -> float:
        started = len(self.calls)
        for step in range(1, 21):
            with self.notes.with_suffix(".steps").open("a") as file:
                file.write(".")
            report(step, float(started))
        return float(started)


class Diverging(Noting):
    def loss(self, model: str, values: dict[str, Value], report: Report) -> float:
        return [math.nan, 0.5, math.inf, 0.25, math.nan][len(self.calls) - 1]


class Hopeless(Noting):
    def loss(self, model: str, values: dict[str, Value], report: Report) -> float:
        raise Pruned("the widths do not fit")


class Broken(Noting):
    def loss(self, model: str, values: dict[str, Value], report: Report) -> float:
        if len(self.calls) == 3:
            raise ZeroDivisionError("no such layer")
        return super().loss(model, values, report)


@dataclass(frozen=True)
class Killed(Noting):
    """Ends the process that searches, and its own if that is another, in the third trial."""

    how: signal.Signals = signal.SIGKILL

    def loss(self, model: str, values: dict[str, Value], report: Report) -> float:
        if len(self.calls) >= 3:
            time.sleep(1)  # what has finished is known by then
            os.kill(int(self.notes.with_suffix(".pid").read_text()), self.how)
            if self.how is signal.SIGKILL:
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)
        return super().loss(model, values, report)


class AtOnce(Noting):
    """The first trial waits until there is another one."""

    def loss(self, model: str, values: dict[str, Value], report: Report) -> float:
        self.notes.with_suffix(f".{os.getpid()}").touch()
        deadline = time.monotonic() + 60
        while len(self.pids) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        return super().loss(model, values, report)

    @property
    def pids(self) -> set[str]:
        return {path.suffix for path in self.notes.parent.glob("notes.*")}


def shown(trials: tuple[Trial, ...]) -> list[tuple[str, dict[str, Value]]]:
    return [(trial.model, trial.values) for trial in trials]


def test_values_come_from_the_space_and_the_best_is_the_lowest_loss(tmp_path: Path) -> None:
    bowl = Bowl(tmp_path / "notes")
    best = search(bowl, {"cnn": SPACE}, 8, 0, tmp_path / "a")
    assert len(best.trials) == len(bowl.calls) == 8
    for trial in best.trials:
        assert -2 <= trial.values["x"] <= 2  # type: ignore[operator]
        assert 0.001 <= trial.values["rate"] <= 1  # type: ignore[operator]
        assert trial.values["layers"] in {1, 2, 3, 4}
        assert trial.values["widths"] in {(8,), (16, 16), (32, 16, 8)}
    complete = [t.loss for t in best.trials if t.state == "complete" and t.loss is not None]
    assert best.loss == min(complete)
    assert best.model == "cnn"
    assert bowl.loss("cnn", best.values, lambda *_: None) == best.loss


def test_the_seed_decides_the_search_and_more_trials_continue_it(tmp_path: Path) -> None:
    notes = Noting(tmp_path / "notes")
    first = search(notes, {"cnn": LINE}, 2, 1, tmp_path / "a")
    again = search(notes, {"cnn": LINE}, 2, 1, tmp_path / "b")
    other = search(notes, {"cnn": LINE}, 2, 2, tmp_path / "c")
    assert shown(first.trials) == shown(again.trials) != shown(other.trials)
    more = search(notes, {"cnn": LINE}, 4, 1, tmp_path / "a")
    assert more.trials[:2] == first.trials
    assert [trial.number for trial in more.trials] == [1, 2, 3, 4]
    assert len(notes.calls) == 8
    assert search(notes, {"cnn": LINE}, 4, 1, tmp_path / "a") == more
    assert len(notes.calls) == 8


def test_a_model_is_asked_only_for_what_its_own_space_holds(tmp_path: Path) -> None:
    spaces: dict[str, Space] = {
        "line": LINE,
        "stairs": {"steps": Range(kind="integer", low=1, high=9)},
    }
    best = search(Conditional(tmp_path / "notes"), spaces, 8, 0, tmp_path / "a")
    assert {(t.model, *t.values) for t in best.trials} == {("line", "x"), ("stairs", "steps")}
    assert (best.model, list(best.values)) == ("line", ["x"])


@pytest.mark.parametrize("parallel", [1, 2])
def test_a_killed_search_keeps_its_finished_trials(parallel: int, tmp_path: Path) -> None:
    command = [sys.executable, __file__, str(tmp_path), "SIGKILL", str(parallel)]
    killed = subprocess.run(command, check=False, timeout=300)
    assert killed.returncode == -signal.SIGKILL
    resumed = Noting(tmp_path / "resumed")
    best = search(resumed, {"cnn": LINE}, 5, 3, tmp_path / "a", parallel)
    tried = {trial.values["x"] for trial in best.trials}
    assert len(tried) == 5
    later = {values["x"] for _, values in resumed.calls}
    # Of two that ran at once, the search may not know yet how the other one ended.
    assert len(resumed.calls) == len(later) in {3, 4 if parallel == 2 else 3}
    kept = tried - later
    assert len(kept) == 5 - len(later)
    assert kept <= {values["x"] for _, values in Noting(tmp_path / "notes").calls}


def test_a_search_that_was_interrupted_by_hand_does_not_end_well(tmp_path: Path) -> None:
    command = [sys.executable, __file__, str(tmp_path), "SIGINT", "1"]
    stopped = subprocess.run(command, check=False, timeout=300, stderr=subprocess.DEVNULL)
    assert stopped.returncode != 0
    noting = Noting(tmp_path / "notes")
    best = search(noting, {"cnn": LINE}, 3, 3, tmp_path / "a")
    assert [trial.values["x"] for trial in best.trials][:2] == [
        values["x"] for _, values in noting.calls[:2]
    ]


def test_an_error_ends_the_search_and_the_next_one_repeats_that_trial(tmp_path: Path) -> None:
    broken = Broken(tmp_path / "notes")
    with pytest.raises(Exception, match="no such layer"):
        search(broken, {"cnn": LINE}, 4, 0, tmp_path / "a")
    found = search(broken, {"cnn": LINE}, 4, 0, tmp_path / "a")
    calls = broken.calls
    assert len(calls) == 5
    assert shown(found.trials) == [calls[0], calls[1], calls[3], calls[4]]


def test_a_hopeless_trial_is_given_up_early(tmp_path: Path) -> None:
    worse = WorseEachTime(tmp_path / "notes")
    best = search(worse, {"cnn": LINE}, 8, 0, tmp_path / "a")
    states = [trial.state for trial in best.trials]
    assert best.loss == 1.0
    assert states[0] == "complete"
    assert "pruned" in states
    assert len((tmp_path / "notes.steps").read_text()) < 8 * 20


def test_a_loss_that_is_no_number_is_never_the_best(tmp_path: Path) -> None:
    best = search(Diverging(tmp_path / "notes"), {"cnn": LINE}, 5, 0, tmp_path / "a")
    assert best.loss == 0.25
    assert [trial.state for trial in best.trials].count("pruned") == 3


def test_a_search_without_a_winner_says_why(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none of 2 trials .* the widths do not fit"):
        search(Hopeless(tmp_path / "notes"), {"cnn": LINE}, 2, 0, tmp_path / "a")


def test_trials_run_at_once_in_processes_of_their_own(tmp_path: Path) -> None:
    at_once = AtOnce(tmp_path / "notes")
    best = search(at_once, {"cnn": LINE}, 4, 0, tmp_path / "a", parallel=2)
    assert [trial.number for trial in best.trials] == [1, 2, 3, 4]
    assert len({trial.values["x"] for trial in best.trials}) == 4
    assert len(at_once.pids) >= 2
    assert f".{os.getpid()}" not in at_once.pids


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "notes.pid").write_text(str(os.getpid()))
    killed = Killed(folder / "notes", signal.Signals[sys.argv[2]])
    search(killed, {"cnn": LINE}, 5, 3, folder / "a", int(sys.argv[3]))
