from pathlib import Path

import numpy as np
import pytest

from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.params import load_params
from {{cookiecutter.package_name}}.reporting.tuning import draw_history, trial_table
from {{cookiecutter.package_name}}.steps import tune
from {{cookiecutter.package_name}}.trials import Trial, Value

PARAMS = """\
# Everything that changes a result.
seed: 7  # lucky

models:
  small:  # the quick one
    network: mlp
    widths: [8, 8]  # two layers
    learning_rate: 0.01  # found by hand
    epochs: 3
  'other one': {network: mlp, widths: [4]}

tune:
  space:
    learning_rate: {kind: log_uniform, low: 0.001, high: 0.1}  # both included
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "params.yaml"
    file.write_text(PARAMS)
    return file


def test_best_values_are_applied_and_every_comment_stays(path: Path) -> None:
    values: dict[str, Value] = {"learning_rate": 0.00003, "widths": (16, 4), "dropout": 0.25}
    tune.apply_values(values, "small", path)
    model = load_params(path).models["small"]
    assert (model.learning_rate, model.widths, model.dropout) == (0.00003, (16, 4), 0.25)
    changed = path.read_text()
    assert "    widths: [16, 4] # two layers\n" in changed
    for line in PARAMS.splitlines():
        if "widths: [8" not in line and "learning_rate: 0.01" not in line:
            assert f"{line}\n" in changed
    assert "# found by hand" in changed


def test_values_of_another_model_stay(path: Path) -> None:
    tune.apply_values({"learning_rate": 0.5}, "other one", path)
    models = load_params(path).models
    assert (models["other one"].learning_rate, models["small"].learning_rate) == (0.5, 0.01)


def test_what_cannot_be_tuned_is_refused_before_anything_runs(path: Path) -> None:
    params = load_params(path)
    with pytest.raises(UserError, match="no model 'large', only small, other one"):
        tune.run(params, model=["large"])
    with pytest.raises(UserError, match="--trials and --parallel are one or more"):
        tune.run(params, trials=0)


TRIALS = (
    Trial(1, "a", {"widths": (8, 8)}, 4.0, "complete", 1.0),
    Trial(2, "a", {"widths": (4,)}, 9.0, "pruned", 0.5),
    Trial(3, "b", {"epochs": 4}, None, "pruned", 0.1),
    Trial(4, "a", {"widths": (16,)}, 0.25, "complete", 1.0),
    Trial(5, "a", {"widths": (16,)}, 1.0, "complete", 1.0),
)


def test_the_table_has_a_row_a_trial_with_its_values() -> None:
    table = trial_table(TRIALS)
    assert list(table.columns) == ["trial", "model", "state", "loss", "seconds", "widths", "epochs"]
    assert list(table["loss"].dropna()) == [4.0, 9.0, 0.25, 1.0]


def test_the_picture_shows_the_best_so_far_and_is_logarithmic_when_useful() -> None:
    axes = draw_history(TRIALS).axes[0]
    lines = {line.get_label(): np.asarray(line.get_ydata()).tolist() for line in axes.lines}
    assert lines == {"given up early": [9.0], "trial": [4.0, 0.25, 1.0], "best": [4.0, 0.25, 0.25]}
    assert axes.get_yscale() == "log"
    assert draw_history(TRIALS[4:]).axes[0].get_yscale() == "linear"
