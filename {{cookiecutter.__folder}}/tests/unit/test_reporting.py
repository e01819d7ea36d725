from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from {{cookiecutter.package_name}} import metrics
from {{cookiecutter.package_name}}.reporting import card, mistakes, plots

SIZES = {"train": 700, "validation": 150, "test": 40}
ABOUT: dict[str, Any] = {
    "id": "small-0123456789ab",
    "sha256": "0123456789ab" * 5 + "cdef",
    "schema": {
        "features": [{"name": "age"}, {"name": "height"}],
        "classes": ["cat", "dog"],
        "input_shape": [2],
        "target": "animal",
    },
    "metrics": {
        "accuracy": 0.925,
        "loss": 0.2,
        "macro_f1": 0.92,
        "baseline_accuracy": 0.9,
        "margin": 0.025,
    },
    "params": {"network": "mlp", "widths": [8], "epochs": 3},
    "data": "d" * 16,
    "code": "c" * 40,
    "lock": "none",
    "seed": 7,
}


def written(counts: list[list[int]], source: str = "Load.\n\nPets of the village.") -> str:
    array = np.array(counts)
    table = metrics.per_class(array, ("cat", "dog"))
    return card.model_card(ABOUT, table, array, SIZES, source)


def test_the_card_says_what_the_data_is_in_the_words_of_its_source() -> None:
    text = written([[19, 1], [2, 18]])
    assert "\nPets of the village.\n" in text
    assert "Load." not in text


def test_the_card_does_without_a_description() -> None:
    assert "## Data\n\nEqual rows" in written([[19, 1], [2, 18]], source="Load.")


@pytest.mark.parametrize("revision", ["unversioned", f"{'c' * 40}-dirty"])
def test_the_card_does_not_promise_what_no_commit_holds(
    revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Check that revision out with its data" in written([[20, 0], [0, 20]])
    monkeypatch.setitem(ABOUT, "code", revision)
    text = written([[20, 0], [0, 20]])
    assert "Check that revision out" not in text
    assert "No commit holds this code" in text


def test_the_card_gives_the_accuracy_with_its_interval_and_the_baseline() -> None:
    text = written([[19, 1], [2, 18]])
    assert "| accuracy | 0.9250 |" in text
    assert "| 95 % interval of the accuracy | 0.8014 to 0.9742 |" in text
    assert "| margin over it | +0.0250 |" in text


def test_the_card_names_the_most_frequent_mistakes_first() -> None:
    text = written([[19, 1], [2, 18]])
    assert "`dog` taken for `cat` (2x); `cat` taken for `dog` (1x)" in text


def test_the_card_says_when_there_was_no_mistake() -> None:
    assert "It made no mistake on these rows." in written([[20, 0], [0, 20]])


def test_no_line_of_the_card_is_indented_by_accident() -> None:
    indented = [line for line in written([[19, 1], [2, 18]]).splitlines() if line[:4] == "    "]
    assert indented == []


@pytest.mark.parametrize("epochs", [1, 2, 40])
def test_a_learning_curve_is_drawn_for_any_number_of_epochs(epochs: int, tmp_path: Path) -> None:
    falling = 1 / np.arange(1, epochs + 1)
    curve = pd.DataFrame(
        {
            "epoch": range(1, epochs + 1),
            "train_loss": falling,
            "validation_loss": falling + 0.1,
            "validation_accuracy": 1 - falling / 2,
        }
    )
    path = plots.learning_curve(curve, "small", tmp_path / "curve.png")
    assert np.ptp(imread(path)) > 0.5


@pytest.mark.parametrize("classes", [2, 10, 60])
def test_a_confusion_matrix_is_drawn_for_any_number_of_classes(
    classes: int, tmp_path: Path
) -> None:
    counts = np.eye(classes, dtype=int) * 9
    names = [f"class {index}" for index in range(classes)]
    picture = imread(plots.confusion_matrix(counts, names, tmp_path / "confusion.png"))
    assert np.ptp(picture) > 0.5
    assert max(picture.shape) < 2000


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 5, 4), (2, 6, 6), (7, 9), (30,)])
@pytest.mark.parametrize("wrong", [0, 1, 40])
def test_mistakes_of_rows_of_any_shape_are_drawn(
    wrong: int, shape: tuple[int, ...], tmp_path: Path
) -> None:
    inputs = np.random.default_rng(0).normal(size=(50, *shape)).astype(np.float32)
    inputs[0] = 1.0
    probabilities = np.full((50, 2), 0.1, dtype=np.float32)
    probabilities[:wrong, 1] = 0.9
    actual = np.zeros(50, dtype=np.int64)
    path = mistakes.save_mistakes(
        inputs, actual, probabilities, ("cat", "dog"), tmp_path / "mistakes.png"
    )
    picture = imread(path)
    assert np.ptp(picture) > 0.5
    assert max(picture.shape) < 1500
