"""The tuning port, on a cheap objective; which tool searches does not matter here."""

import math
from pathlib import Path

import pytest

from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.params import Choice, Range
from {{cookiecutter.package_name}}.tuning import Pruned, Report, Value, search

SPACE: dict[str, Range | Choice] = {
    "x": Range(kind="uniform", low=-2, high=2),
    "rate": Range(kind="log_uniform", low=0.001, high=1),
    "layers": Range(kind="integer", low=1, high=4),
    "widths": Choice(kind="categorical", values=((8,), (16, 16), (32, 16, 8))),
}


def bowl(values: dict[str, Value], report: Report) -> float:
    x, rate, layers = values["x"], values["rate"], values["layers"]
    assert isinstance(x, float)
    assert isinstance(rate, float)
    assert isinstance(layers, int)
    loss = x**2 + (math.log10(rate) + 2) ** 2 + layers
    report(1, loss)
    return loss


def test_values_come_from_the_space_with_the_types_that_params_take(tmp_path: Path) -> None:
    best = search(bowl, SPACE, 12, 0, tmp_path)
    assert len(best.trials) == 12
    for trial in best.trials:
        assert -2 <= trial.values["x"] <= 2  # type: ignore[operator]
        assert 0.001 <= trial.values["rate"] <= 1  # type: ignore[operator]
        assert trial.values["layers"] in {1, 2, 3, 4}
        assert trial.values["widths"] in {(8,), (16, 16), (32, 16, 8)}


def test_the_best_is_the_lowest_loss_and_its_values_give_it_again(tmp_path: Path) -> None:
    best = search(bowl, SPACE, 12, 0, tmp_path)
    complete = [t.loss for t in best.trials if t.state == "complete" and t.loss is not None]
    assert best.loss == min(complete)
    assert bowl(best.values, lambda *_: None) == best.loss


def test_the_seed_decides_the_search(tmp_path: Path) -> None:
    first, again, other = (
        [trial.values for trial in search(bowl, SPACE, 4, seed, tmp_path / name).trials]
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == again
    assert first != other


def test_more_trials_continue_a_finished_search(tmp_path: Path) -> None:
    few = search(bowl, SPACE, 3, 0, tmp_path)
    more = search(bowl, SPACE, 5, 0, tmp_path)
    assert more.trials[:3] == few.trials
    assert [trial.number for trial in more.trials] == [1, 2, 3, 4, 5]


def test_an_error_ends_the_search_and_the_next_one_repeats_that_trial(tmp_path: Path) -> None:
    calls: list[dict[str, Value]] = []

    def broken(values: dict[str, Value], report: Report) -> float:
        calls.append(values)
        if len(calls) == 3:
            raise ZeroDivisionError
        return bowl(values, report)

    with pytest.raises(ZeroDivisionError):
        search(broken, SPACE, 4, 0, tmp_path)
    found = search(broken, SPACE, 4, 0, tmp_path)
    assert calls[3] == calls[2]
    assert [trial.values for trial in found.trials] == [calls[0], calls[1], calls[3], calls[4]]


def test_a_hopeless_trial_is_given_up_early(tmp_path: Path) -> None:
    started, steps = 0, 0

    def worse_each_time(values: dict[str, Value], report: Report) -> float:
        nonlocal started, steps
        started += 1
        for step in range(1, 21):
            steps += 1
            report(step, float(started))
        return float(started)

    best = search(worse_each_time, SPACE, 10, 0, tmp_path)
    states = [trial.state for trial in best.trials]
    assert best.loss == 1.0
    assert states[0] == "complete"
    assert "pruned" in states
    assert steps < 10 * 20


def test_a_loss_that_is_no_number_is_never_the_best(tmp_path: Path) -> None:
    losses = iter([math.nan, 0.5, math.inf, 0.25, math.nan])

    def diverging(values: dict[str, Value], report: Report) -> float:
        return next(losses)

    best = search(diverging, SPACE, 5, 0, tmp_path)
    assert best.loss == 0.25
    assert [trial.state for trial in best.trials].count("pruned") == 3


def test_a_search_without_a_winner_says_why(tmp_path: Path) -> None:
    def hopeless(values: dict[str, Value], report: Report) -> float:
        raise Pruned("the widths do not fit")

    with pytest.raises(UserError, match=r"none of 2 trials .* the widths do not fit"):
        search(hopeless, SPACE, 2, 0, tmp_path)
