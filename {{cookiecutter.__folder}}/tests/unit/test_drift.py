from collections.abc import Callable

import numpy as np
import pytest

from {{cookiecutter.package_name}}.monitoring.drift import Drift, Sample, compare, holm, psi

NAMES = [f"f{i}" for i in range(4)]
Table = Callable[[np.random.Generator, int], np.ndarray]


def judge(
    reference: np.ndarray,
    live: np.ndarray,
    labels: tuple[list[str], list[str]] = (["a", "b"] * 200, ["a", "b"] * 100),
    psi_limit: float = 0.25,
    false_alarms: float = 0.01,
) -> Drift:
    names = NAMES[: reference.shape[1]]
    samples = Sample(reference, labels[0]), Sample(live, labels[1])
    return compare(names, *samples, psi_limit, false_alarms)


def normal(rng: np.random.Generator, rows: int) -> np.ndarray:
    return rng.normal(size=(rows, 4))


def mostly_zero_integers(rng: np.random.Generator, rows: int) -> np.ndarray:
    return rng.integers(0, 17, size=(rows, 4)) * (rng.random((rows, 4)) < 0.3) * 1.0


def resamples(table: Table, psi_limit: float, live_rows: int = 200) -> float:
    """Share of 200 comparisons without any drift that raise an alarm, at a nominal 5 %."""
    alarms = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        labels = [[str(c) for c in rng.choice(10, size=n)] for n in (500, live_rows)]
        drift = judge(
            table(rng, 1000), table(rng, live_rows), (labels[0], labels[1]), psi_limit, 0.05
        )
        alarms += bool(drift.drifted)
    return alarms / 200


def test_the_tests_raise_false_alarms_about_as_often_as_asked_for() -> None:
    assert 0.01 <= resamples(normal, psi_limit=0) <= 0.1


def test_ties_raise_no_more_false_alarms_than_asked_for() -> None:
    assert resamples(mostly_zero_integers, psi_limit=0) <= 0.1


@pytest.mark.parametrize(("table", "live_rows"), [(normal, 200), (mostly_zero_integers, 20)])
def test_the_verdict_raises_fewer_since_a_difference_must_also_be_large(
    table: Table, live_rows: int
) -> None:
    assert resamples(table, psi_limit=0.25, live_rows=live_rows) <= 0.05


@pytest.mark.parametrize("table", [normal, mostly_zero_integers])
def test_the_shifted_feature_is_found_and_no_other(table: Table) -> None:
    rng = np.random.default_rng(0)
    live = table(rng, 200)
    live[:, 3] += live.std(axis=0)[3] * 1.5
    drift = judge(table(rng, 1000), live)
    assert drift.drifted == ("f3",)
    assert drift.features[0].name == "f3"


def test_a_wider_spread_around_the_same_mean_is_found() -> None:
    rng = np.random.default_rng(0)
    live = normal(rng, 400)
    live[:, 2] *= 3
    assert judge(normal(rng, 1000), live).drifted == ("f2",)


def test_a_trifle_is_no_drift_however_many_rows_prove_it() -> None:
    rng = np.random.default_rng(0)
    drift = judge(normal(rng, 50_000), normal(rng, 50_000) + 0.05)
    assert max(each.p_value for each in drift.features) < 1e-6
    assert drift.drifted == ()


def test_three_rows_prove_nothing() -> None:
    rng = np.random.default_rng(0)
    assert judge(normal(rng, 1000), normal(rng, 3), (["a"] * 9, ["a"] * 3)).drifted == ()


def test_a_constant_that_stays_has_no_difference() -> None:
    drift = judge(np.full((500, 1), 4.0), np.full((200, 1), 4.0))
    assert drift.features[0].psi == pytest.approx(0, abs=1e-4)
    assert drift.features[0].p_value == 1


@pytest.mark.parametrize("new", [3.0, 5.0])
def test_a_constant_that_moves_is_found(new: float) -> None:
    assert judge(np.full((500, 1), 4.0), np.full((200, 1), new)).drifted == ("f0",)


def test_labels_that_shift_are_found() -> None:
    same = np.random.default_rng(0).normal(size=(300, 1))
    assert judge(same, same, (["a", "b"] * 200, ["a"] * 180 + ["b"] * 20)).drifted == ("labels",)


def test_a_class_that_was_never_predicted_before_is_found() -> None:
    same = np.random.default_rng(0).normal(size=(300, 1))
    assert judge(same, same, (["a"] * 400, ["a"] * 100 + ["c"] * 100)).drifted == ("labels",)


def test_classes_too_rare_to_test_one_by_one_are_tested_together() -> None:
    same = np.random.default_rng(0).normal(size=(300, 1))
    rare = [f"rare{i}" for i in range(20)]
    drift = judge(same, same, (["a"] * 380 + rare, ["a"] * 190 + rare[:10]))
    assert drift.labels.p_value > 0.5


def test_psi_is_what_its_formula_says() -> None:
    reference = np.repeat([0.0, 1.0], [500, 500])
    live = np.repeat([0.0, 1.0], [200, 800])
    by_hand = (0.2 - 0.5) * np.log(0.2 / 0.5) + (0.8 - 0.5) * np.log(0.8 / 0.5)
    assert psi(reference, live) == pytest.approx(by_hand, rel=0.01)


def test_psi_of_values_beyond_the_reference_is_finite() -> None:
    assert 2 < psi(np.arange(100.0), np.full(50, 1e9)) < 10


def test_holm_is_what_the_textbook_has() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
