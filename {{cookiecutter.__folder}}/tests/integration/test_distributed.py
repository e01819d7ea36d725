"""Workers that train together end with one network, the one that a single process would make."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from {{cookiecutter.package_name}}.data.spec import Feature, Schema
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.fitting import Unwatched, fit
from {{cookiecutter.package_name}}.model.distributed import is_chief, launch, most_workers, size
from {{cookiecutter.package_name}}.model.export import probabilities
from {{cookiecutter.package_name}}.params import ModelParams

if (most_workers() or 2) < 2:
    pytest.skip("two workers need two GPUs", allow_module_level=True)

SCHEMA = Schema(tuple(Feature(f"x{i}", -99, 99) for i in range(6)), ("a", "b", "c"), (6,))
SMALL = ModelParams(network="mlp", widths=(16,), epochs=4, batch_size=32)
# An odd number in every batch, so that the workers' parts differ.
ROWS, HELD_OUT = 301, 91


def rows(number: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = np.arange(number) % 3
    inputs = random.normal(size=(number, 6)) + 2.0 * np.eye(6)[labels]
    return inputs.astype(np.float32), labels


def work(params: ModelParams, killed_in: int = 0) -> None:
    """Train, and write what this worker holds in the end; or die in an epoch."""

    def report(epoch: int, loss: float) -> None:
        last = not is_chief() or size() == 1
        if epoch == killed_in and last:
            os.kill(os.getpid(), signal.SIGKILL)

    train, validation = rows(ROWS, 0), rows(HELD_OUT, 1)
    result = fit("small", params, SCHEMA, train, validation, 0, Unwatched(), report)
    answers = probabilities(result.model, validation[0])
    found = {"curve": result.curve, "answers": answers.tolist(), "weights": result.weights}
    Path(f"worker-{os.getpid()}.json").write_text(json.dumps(found))


def assert_alike(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found["weights"] == expected["weights"]
    for one, other in zip(found["curve"], expected["curve"], strict=True):
        for loss in ("train_loss", "validation_loss"):
            assert one[loss] == pytest.approx(other[loss], rel=1e-4)
    np.testing.assert_allclose(found["answers"], expected["answers"], atol=1e-4)


def results() -> list[str]:
    return [path.read_text() for path in Path().glob("worker-*.json")]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("parts", [1, 2])
def test_workers_share_every_row_once_and_end_with_the_network_that_one_would_make(
    parts: int,
) -> None:
    launch(1, work, SMALL)
    (alone,) = map(json.loads, results())
    for path in Path().glob("worker-*.json"):
        path.unlink()
    before = signal.getsignal(signal.SIGTERM)
    launch(2, work, SMALL.model_copy(update={"workers": 2, "accumulation": parts}))
    assert signal.getsignal(signal.SIGTERM) == before
    together = results()
    assert len(set(together)) == 1
    found = json.loads(together[0])
    assert_alike(found, alone)


@pytest.mark.usefixtures("folder")
def test_workers_end_with_one_network_though_each_normalises_by_its_own_rows() -> None:
    settings = {"network": "cnn", "widths": (8,), "epochs": 10, "learning_rate": 0.02}
    launch(2, work, SMALL.model_copy(update={**settings, "workers": 2}))
    (found,) = map(json.loads, set(results()))
    assert max(row["validation_accuracy"] for row in found["curve"]) > 0.6


@pytest.mark.usefixtures("folder")
def test_after_the_death_of_a_worker_the_next_run_goes_on_to_the_same_network() -> None:
    dropping = SMALL.model_copy(update={"dropout": 0.3})
    launch(2, work, dropping)
    undisturbed = set(results())
    for path in Path().glob("worker-*.json"):
        path.unlink()
    with pytest.raises(UserError, match=r"ended early .*goes on after the last finished epoch"):
        launch(2, work, dropping, 3)
    assert results() == []
    (checkpoint,) = Path(".cache/checkpoints").iterdir()
    assert list(checkpoint.iterdir())
    launch(2, work, dropping)
    assert set(results()) == undisturbed
