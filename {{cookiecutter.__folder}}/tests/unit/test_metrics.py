import numpy as np
import pytest

from {{cookiecutter.package_name}} import metrics

ACTUAL = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 1, 1])


def test_the_confusion_counts_actual_down_and_predicted_across() -> None:
    counts = metrics.confusion(ACTUAL, PREDICTED, 4)
    assert counts.tolist() == [[2, 1, 0, 0], [0, 2, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]


def test_a_class_that_is_never_predicted_scores_zero_and_not_nan() -> None:
    table = metrics.per_class(metrics.confusion(ACTUAL, PREDICTED, 3), ("a", "b", "c"))
    assert table["precision"].tolist() == [1.0, 0.5, 0.0]
    assert table["recall"].tolist() == pytest.approx([2 / 3, 1.0, 0.0])
    assert table["f1"].tolist() == pytest.approx([0.8, 2 / 3, 0.0])
    assert table["rows"].tolist() == [3, 2, 1]


def test_the_loss_of_a_sure_mistake_is_large_but_finite() -> None:
    probabilities = np.array([[1.0, 0.0], [0.5, 0.5]], dtype=np.float32)
    loss = metrics.log_loss(probabilities, np.array([1, 0]))
    assert loss == pytest.approx((-np.log(1e-12) + np.log(2)) / 2)


@pytest.mark.parametrize(("hits", "rows"), [(0, 20), (20, 20), (19, 20), (265, 269)])
def test_the_interval_holds_the_share_and_stays_between_zero_and_one(hits: int, rows: int) -> None:
    low, high = metrics.interval(hits, rows)
    assert -1e-12 <= low <= hits / rows <= high + 1e-12 <= 1 + 2e-12
