import json
from pathlib import Path
from typing import Any

import pytest

from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.params import Params
from {{cookiecutter.package_name}}.steps import select


def champion(folder: Path, **scores: tuple[float, float, int]) -> Any:
    for name, (loss, accuracy, weights) in scores.items():
        path = folder / "reports" / name / "validation.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"loss": loss, "accuracy": accuracy, "weights": weights}))
    select.run(params(*scores))
    return json.loads((folder / "models/champion.json").read_text())


def params(*names: str) -> Params:
    model = {"network": "mlp", "widths": [8]}
    return Params.model_validate({"models": dict.fromkeys(names, model)})


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_lower_loss_wins_over_the_higher_accuracy(folder: Path) -> None:
    best = champion(folder, a=(0.3, 0.99, 10), b=(0.2, 0.98, 99))
    assert best == {"model": "b", "loss": 0.2, "accuracy": 0.98, "weights": 99}


def test_a_tie_goes_to_the_smaller_model(folder: Path) -> None:
    assert champion(folder, a=(0.2, 0.9, 99), b=(0.2, 0.9, 10))["model"] == "b"


def test_a_full_tie_goes_to_the_first_name(folder: Path) -> None:
    assert champion(folder, b=(0.2, 0.9, 10), a=(0.2, 0.9, 10))["model"] == "a"


def test_a_model_that_left_the_params_is_not_chosen(folder: Path) -> None:
    champion(folder, old=(0.1, 0.99, 10), new=(0.2, 0.9, 10))
    select.run(params("new"))
    assert json.loads((folder / "models/champion.json").read_text())["model"] == "new"


def test_a_candidate_without_figures_is_named(folder: Path) -> None:
    with pytest.raises(UserError, match=r"reports/untrained/validation\.json is missing"):
        select.run(params("untrained"))
