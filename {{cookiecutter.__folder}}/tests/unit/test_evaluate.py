import numpy as np
import pytest

from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.steps import evaluate


def test_a_model_below_the_gate_is_refused_with_both_figures() -> None:
    with pytest.raises(UserError, match=r"0\.9400 is below evaluate\.minimum_accuracy 0\.95"):
        evaluate.require(0.94, 0.95)


def test_a_model_at_the_gate_passes() -> None:
    evaluate.require(0.95, 0.95)


def test_the_baseline_separates_what_a_line_separates() -> None:
    random = np.random.default_rng(0)
    labels = np.arange(200) % 2
    inputs = random.normal(size=(200, 1, 2, 2)) + 8 * labels[:, None, None, None]
    rows = (inputs.astype(np.float32), labels)
    assert evaluate.linear_baseline(rows, rows) == 1.0
