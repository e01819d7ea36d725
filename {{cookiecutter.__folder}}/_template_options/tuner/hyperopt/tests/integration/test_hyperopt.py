"""What only Hyperopt has: its trials are lines of a file, from which each suggestion is made."""

import threading
from collections import Counter
from dataclasses import dataclass
from math import floor, log10, nan
from pathlib import Path
from statistics import mean

import pytest

from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.history import Record, is_worse_than_the_median, read_history
from {{cookiecutter.package_name}}.params import Choice, Range
from {{cookiecutter.package_name}}.trials import Pruned, Report, Space, Value
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


def bowl(model: str, values: dict[str, Value], report: Report) -> float:
    assert isinstance(values["x"], float)
    return abs(values["x"] - 0.7)


def trap(model: str, values: dict[str, Value], report: Report) -> float:
    """Half of the space looks best until training diverges there."""
    x = values["x"]
    assert isinstance(x, float)
    if x < 0.5:
        report(1, 0.0)
        raise Pruned("diverged")
    return x


def diverging(model: str, values: dict[str, Value], report: Report) -> float:
    report(1, 2.0)
    report(2, nan if values["widths"] == (8,) else 2.0)
    return 1.0


def record(*losses: float, complete: bool = True) -> Record:
    curve = list(enumerate(losses, 1))
    loss = losses[-1] if complete else None
    return Record(draw=0, vals={}, curve=curve, loss=loss, reason="", seconds=0.0)


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


def test_a_line_that_was_cut_short_is_tried_again(tmp_path: Path) -> None:
    undisturbed = search(Line(), {"cnn": SPACE}, 4, 0, tmp_path)
    file = tmp_path / "trials.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    assert len(read_history(tmp_path)) == 3
    line = Line()
    again = search(line, {"cnn": SPACE}, 4, 0, tmp_path)
    assert [t.values for t in again.trials] == [t.values for t in undisturbed.trials]
    assert search(line, {"cnn": SPACE}, 4, 0, tmp_path) == again
    assert line.calls == 1


def test_a_gap_that_trials_at_once_have_left_is_filled(tmp_path: Path) -> None:
    first, second, third = search(Line(), {"cnn": SPACE}, 3, 0, tmp_path).trials
    file = tmp_path / "trials.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text(lines[0] + lines[2])
    line = Line()
    assert len(search(line, {"cnn": SPACE}, 2, 0, tmp_path).trials) == 2
    assert line.calls == 0
    filled = search(line, {"cnn": SPACE}, 3, 0, tmp_path)
    assert line.calls == 1
    assert [t.values for t in filled.trials] == [first.values, third.values, second.values]
    assert [t.number for t in filled.trials] == [1, 2, 3]


def test_later_trials_are_nearer_to_the_best(tmp_path: Path) -> None:
    first, last = [], []
    for seed in range(4):
        search(bowl, {"cnn": SPACE}, 15, seed, tmp_path / str(seed))
        resumed = search(bowl, {"cnn": SPACE}, 30, seed, tmp_path / str(seed))
        losses = [trial.loss for trial in resumed.trials if trial.loss is not None]
        first += losses[:10]
        last += losses[20:]
    assert len(first) == len(last) == 40
    assert mean(last) < 0.75 * mean(first)


def test_a_trial_that_was_given_up_attracts_no_other(tmp_path: Path) -> None:
    found = [search(trap, {"cnn": SPACE}, 30, seed, tmp_path / str(seed)) for seed in range(4)]
    early = [trial for best in found for trial in best.trials[:10]]
    later = [trial for best in found for trial in best.trials[10:]]
    assert {(trial.state, trial.loss == 0) for trial in early} == {
        ("complete", False),
        ("pruned", True),
    }
    assert [trial.state for trial in later].count("complete") >= len(later) / 2


def test_the_bounds_of_integers_come_up_as_often_as_the_rest(tmp_path: Path) -> None:
    space = {f"n{index}": Range(kind="integer", low=0.5, high=3) for index in range(40)}
    best = search(lambda *_: 0.0, {"cnn": space}, 10, 0, tmp_path)
    counted = Counter(value for trial in best.trials for value in trial.values.values())
    assert set(counted) == {1, 2, 3}
    assert min(counted.values()) > 110


def test_logarithmic_values_are_spread_over_all_powers_of_ten(tmp_path: Path) -> None:
    space = {f"n{index}": Range(kind="log_uniform", low=1e-4, high=1) for index in range(40)}
    best = search(lambda *_: 0.0, {"cnn": space}, 10, 0, tmp_path)
    values = [float(str(value)) for trial in best.trials for value in trial.values.values()]
    powers = Counter(floor(log10(value)) for value in values)
    assert set(powers) == {-4, -3, -2, -1}
    assert min(powers.values()) > 70
    assert values == [float(f"{value:.4g}") for value in values]


def test_a_reported_loss_that_is_no_number_ends_the_trial(tmp_path: Path) -> None:
    best = search(diverging, {"cnn": SPACE}, 8, 0, tmp_path)
    assert {trial.loss for trial in best.trials if trial.state == "pruned"} == {2.0}
    assert best.loss == 1.0


def test_a_trial_is_compared_with_the_best_that_others_had_reached() -> None:
    others = [record(5, low, 9, 0) for low in (1.0, 2.0, 3.0, 4.0, 5.0)]
    assert is_worse_than_the_median([(1, 9), (2, 3.5), (3, 8)], others)
    assert not is_worse_than_the_median([(1, 9), (2, 3.0), (3, 8)], others)
    assert is_worse_than_the_median([(1, 9), (2, 3.0), (4, 8)], others)


def test_a_trial_has_three_steps_and_five_complete_others_before_it_is_given_up() -> None:
    others = [record(1, 1, 1) for _ in range(5)]
    assert not is_worse_than_the_median([(1, 9), (2, 9)], others)
    assert is_worse_than_the_median([(1, 9), (2, 9), (3, 9)], others)
    given_up = [*others[:4], record(1, 1, 1, complete=False)]
    assert not is_worse_than_the_median([(1, 9), (2, 9), (3, 9)], given_up)


def test_others_that_ended_sooner_count_with_the_best_they_had() -> None:
    assert is_worse_than_the_median([(3, 9)], [record(1, 2) for _ in range(5)])
    assert not is_worse_than_the_median([(3, 1)], [record(1, 2) for _ in range(5)])
