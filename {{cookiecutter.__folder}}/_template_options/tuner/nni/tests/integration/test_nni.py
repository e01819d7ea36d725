"""What only NNI has: a manager beside the search, and processes that must end with it."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.params import Choice, Range
from {{cookiecutter.package_name}}.searching.ledger import Ledger, Outcome
from {{cookiecutter.package_name}}.searching.space import model_and_values, search_space
from {{cookiecutter.package_name}}.searching.suggester import Suggester
from {{cookiecutter.package_name}}.trials import Report, Space, Trial, Value, alone
from {{cookiecutter.package_name}}.tuning import search

LINE: Space = {"x": Range(kind="uniform", low=0, high=1)}
SPACES: dict[str, Space] = {
    "cnn": {
        "layers": Range(kind="integer", low=1, high=3),
        "rate": Range(kind="log_uniform", low=0.001, high=1),
        "widths": Choice(kind="categorical", values=((8,), (16, 16))),
    },
    "line": LINE,
}


@dataclass(frozen=True)
class Watched:
    """Looks around in its process before it gives a loss."""

    notes: Path

    def __call__(self, model: str, values: dict[str, Value], report: Report) -> float:
        print("a trial may print")
        manager = psutil.Process(os.getppid())
        group = [manager, *manager.children(recursive=True)]
        sockets = [each for process in group for each in process.net_connections()]
        seen = {
            "manager": "nni_node" in " ".join(manager.cmdline()),
            "group": len(group),
            "listening": [each.laddr.ip for each in sockets if each.status == "LISTEN"],
            "folder": str(Path.cwd()),
            "node": os.environ.get("NODE_OPTIONS"),
        }
        self.notes.write_text(json.dumps(seen))
        return 0.5


@dataclass(frozen=True)
class Slow:
    """Kills the process `victim` names in its second trial, and waits to be ended."""

    notes: Path
    victim: int = 0

    def __call__(self, model: str, values: dict[str, Value], report: Report) -> float:
        with self.notes.open("a") as file:
            file.write("begun\n")
        try:
            if self.victim and self.notes.read_text().count("begun") == 2:
                os.kill(self.victim, signal.SIGKILL)
                time.sleep(120)
        except KeyboardInterrupt:
            with self.notes.open("a") as file:
                file.write("left in good order\n")
            raise
        return float(values["x"])  # type: ignore[arg-type]


class Dying:
    def __call__(self, model: str, values: dict[str, Value], report: Report) -> float:
        os.kill(os.getpid(), signal.SIGKILL)
        return 0.0


def test_the_manager_listens_on_this_machine_alone_and_leaves_the_home_folder_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    listed = tmp_path / "home/nni-experiments/.experiment"  # by another project
    listed.parent.mkdir(parents=True)
    listed.write_text("{}")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    before = dict(os.environ)
    folder = tmp_path / "a b ü '$"
    search(Watched(tmp_path / "notes"), {"cnn": LINE}, 1, 0, folder)
    seen = json.loads((tmp_path / "notes").read_text())
    assert seen["listening"] == ["127.0.0.1"]
    assert seen["manager"]
    assert seen["group"] >= 3  # the manager, the tuner and the trial
    assert (seen["folder"], seen["node"]) == (str(Path.cwd()), None)
    assert [path for path in (tmp_path / "home").rglob("*") if path.is_file()] == [listed]
    assert listed.read_text() == "{}"
    assert '"STOPPED"' in (folder / "nni-experiments/.experiment").read_text()
    assert capfd.readouterr() == ("", "")
    assert dict(os.environ) == before


def test_all_processes_of_a_killed_search_end_and_the_next_one_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, __file__, str(tmp_path)]
    killed = subprocess.run(command, check=False, timeout=300)
    assert killed.returncode == -signal.SIGKILL
    left = psutil.wait_procs(of(tmp_path / "a"), timeout=60)[1]
    assert left == []
    assert (tmp_path / "notes").read_text().splitlines()[-1] == "left in good order"
    resumed = search(Slow(tmp_path / "later"), {"cnn": LINE}, 3, 3, tmp_path / "a")
    undisturbed = search(Slow(tmp_path / "other"), {"cnn": LINE}, 3, 3, tmp_path / "b")
    assert (tmp_path / "later").read_text().count("begun") == 2
    assert [t.values for t in resumed.trials] == [t.values for t in undisturbed.trials]


def of(folder: Path) -> list[psutil.Process]:
    """Find the processes that name the folder: the manager and the trials."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(word.startswith(str(folder)) for word in process.info["cmdline"] or [])
    ]


def test_a_trial_that_dies_without_a_word_ends_the_search(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="trial 1 died"):
        search(Dying(), {"cnn": LINE}, 2, 0, tmp_path)
    assert of(tmp_path) == []


def test_a_second_search_in_the_same_folder_is_kept_out(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(UserError, match="another search runs in"):
        search(Dying(), {"cnn": LINE}, 1, 0, tmp_path)


def suggested(folder: Path, trials: int, seed: int = 0) -> list[tuple[str, dict[str, Value]]]:
    """Let the tuner suggest, and finish each trial with its first value as the loss."""
    suggester = Suggester(str(folder), seed)
    suggester.update_search_space(search_space(SPACES))
    found = []
    for parameter_id in range(trials):
        parameters = suggester.generate_parameters(parameter_id)
        model, values = model_and_values(parameters, SPACES)
        found.append((model, values))
        loss = float(next(iter(values.values())))  # type: ignore[arg-type]
        trial = Trial(parameters["number"], model, values, loss, "complete", 1.0)
        Ledger(folder).finish(Outcome(trial, Ledger(folder).suggestion(trial.number) or {}))
    return found


def test_both_bounds_of_integers_are_as_likely_as_what_lies_between() -> None:
    (nested, _) = search_space(SPACES)["model"]["_value"]
    low, high = nested["layers"]["_value"]
    steps = [low + (high - low) * share / 9 for share in range(10)]
    chosen = {"_name": "cnn", "rate": 0.1, "widths": "[8]"}
    layers = [
        model_and_values({"model": chosen | {"layers": step}}, SPACES)[1]["layers"]
        for step in steps
    ]
    assert layers == [1, 1, 1, 2, 2, 2, 3, 3, 3, 3]


def test_suggestions_keep_to_the_space_and_follow_the_losses(tmp_path: Path) -> None:
    found = suggested(tmp_path, 60)
    for model, values in found:
        assert list(values) == list(SPACES[model])
        if model == "cnn":
            assert values["layers"] in {1, 2, 3}
            assert 0.001 <= values["rate"] <= 1  # type: ignore[operator]
            assert values["widths"] in {(8,), (16, 16)}
    early, late = ([model for model, _ in part].count("line") for part in (found[:30], found[30:]))
    assert late > early  # its losses are lower than any count of layers


def test_a_tuner_that_begins_again_suggests_what_it_would_have(tmp_path: Path) -> None:
    whole = suggested(tmp_path / "a", 16)
    parts = [suggested(tmp_path / "b", trials) for trials in (5, 11)]
    assert list(itertools.chain(*parts)) == whole
    assert suggested(tmp_path / "c", 16, seed=1) != whole


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    search(Slow(folder / "notes", os.getpid()), {"cnn": LINE}, 3, 3, folder / "a")
