"""What training promises to the steps and to the tuner, in every framework."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from {{cookiecutter.package_name}}.data.spec import Feature, Schema
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.fitting import FitResult
from {{cookiecutter.package_name}}.fitting import fit as fit_rows
from {{cookiecutter.package_name}}.model.export import probabilities
from {{cookiecutter.package_name}}.model.training import load, save
from {{cookiecutter.package_name}}.params import ModelParams

SCHEMA = Schema(tuple(Feature(f"x{i}", -99, 99) for i in range(6)), ("a", "b", "c"), (6,))
SMALL = ModelParams(network="mlp", widths=(16,), dropout=0.2, epochs=6, batch_size=32)
Rows = tuple[np.ndarray, np.ndarray]


class Log:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.steps: list[int | None] = []
        self.names: set[str] = set()

    def log(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self.steps.append(step)
        self.names |= set(metrics)


def rows(number: int, seed: int = 0) -> Rows:
    random = np.random.default_rng(seed)
    labels = np.arange(number) % 3
    inputs = random.normal(size=(number, 6)) + 2.0 * np.eye(6)[labels]
    return inputs.astype(np.float32), labels


def fit(
    params: ModelParams = SMALL,
    seed: int = 0,
    train: Rows | None = None,
    log: Log | None = None,
    report: Callable[[int, float], None] | None = None,
) -> FitResult:
    data, held_out = train or rows(300), rows(90, seed=1)
    return fit_rows("small", params, SCHEMA, data, held_out, seed, log or Log(), report)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def losses(curve: list[dict[str, float]]) -> list[float]:
    return [row[name] for row in curve for name in ("train_loss", "validation_loss")]


def same(one: FitResult, other: FitResult) -> bool:
    inputs = rows(90, seed=1)[0]
    first, second = (probabilities(result.model, inputs) for result in (one, other))
    return one.curve == other.curve and np.array_equal(first, second)


def test_it_learns_and_reports_the_model_that_it_returns() -> None:
    result = fit(SMALL.model_copy(update={"epochs": 15, "learning_rate": 0.01}))
    inputs, labels = rows(90, seed=1)
    hits = probabilities(result.model, inputs).argmax(axis=1) == labels
    assert result.accuracy == pytest.approx(hits.mean())
    assert result.accuracy > 0.85
    assert result.loss == min(row["validation_loss"] for row in result.curve)


def test_the_same_seed_gives_the_same_model_and_another_seed_another() -> None:
    assert same(fit(), fit())
    assert not same(fit(), fit(seed=1))


def test_each_epoch_is_logged_and_reported() -> None:
    log = Log()
    reported: list[int] = []
    fit(log=log, report=lambda epoch, _: reported.append(epoch))
    assert log.steps == reported == [1, 2, 3, 4, 5, 6]
    assert log.names == {"train_loss", "validation_loss", "validation_accuracy"}


CHILD = """
import sys
sys.path.insert(0, {tests!r})
import test_training as t

class Stuck(t.Log):
    def log(self, metrics, step=None):
        if step == 4:
            print("in epoch 4", flush=True)
            sys.stdin.read()

t.fit(log=Stuck())
"""


def test_after_a_kill_the_next_run_goes_on_to_the_very_same_model(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = CHILD.format(tests=str(Path(__file__).parent))
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"in epoch 4\n"
        child.kill()
    assert child.returncode == -signal.SIGKILL
    assert len(list(folder.glob(".cache/checkpoints/*/*"))) == 1
    log = Log()
    trained: list[int] = []
    resumed = fit(log=log, report=lambda epoch, _: trained.append(epoch))
    assert log.steps == [1, 2, 3, 4, 5, 6]
    assert trained == [4, 5, 6]
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert same(resumed, fit())
    assert list(folder.glob(".cache/checkpoints/*")) == []


def test_training_ends_when_patience_does_and_keeps_the_best_epoch() -> None:
    hasty = {"epochs": 60, "patience": 2, "learning_rate": 0.05, "dropout": 0.0}
    result = fit(SMALL.model_copy(update=hasty), train=rows(60))
    losses = [row["validation_loss"] for row in result.curve]
    assert len(losses) < 60
    assert losses.index(min(losses)) == len(losses) - 3


def test_a_diverging_run_names_the_learning_rate() -> None:
    wild = SMALL.model_copy(update={"learning_rate": 1e30})
    with pytest.raises(UserError, match=r"diverged .* lower models\.small\.learning_rate"):
        fit(wild)


def test_a_value_that_is_no_number_is_not_blamed_on_the_learning_rate() -> None:
    inputs, labels = rows(300)
    inputs[5, 2] = np.nan
    with pytest.raises(UserError, match="train split holds 1 values that are no numbers"):
        fit(train=(inputs, labels))


def test_a_trial_that_its_tuner_ends_leaves_nothing_to_resume(folder: Path) -> None:
    def prune(epoch: int, loss: float) -> None:
        if epoch == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fit(report=prune)
    assert list(folder.glob(".cache/checkpoints/*")) == []


def test_a_step_in_parts_gives_the_network_that_whole_steps_give() -> None:
    whole = SMALL.model_copy(update={"dropout": 0.0})
    parts = whole.model_copy(update={"accumulation": 3})
    assert losses(fit(parts).curve) == pytest.approx(losses(fit(whole).curve), rel=1e-4)


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_bfloat16_learns_and_gives_a_model_of_float32(network: str, folder: Path) -> None:
    whole = SMALL.model_copy(update={"network": network, "epochs": 15, "learning_rate": 0.01})
    result, exact = fit(whole.model_copy(update={"precision": "bfloat16"})), fit(whole)
    assert result.curve != exact.curve
    assert result.accuracy > exact.accuracy - 0.1
    inputs, labels = rows(90, seed=1)
    answers = probabilities(result.model, inputs)
    assert (answers.argmax(axis=1) == labels).mean() == pytest.approx(result.accuracy)
    save(result.model, folder)
    assert np.array_equal(probabilities(load(folder, whole, SCHEMA), inputs), answers)


def curve(params: ModelParams) -> list[dict[str, float]]:
    return fit(params).curve


@pytest.mark.skipif(not shutil.which("c++"), reason="a network is compiled with a C++ compiler")
@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_a_compiled_network_learns_what_the_plain_one_does(network: str) -> None:
    plain = SMALL.model_copy(update={"network": network, "dropout": 0.0, "epochs": 3})
    compiled = plain.model_copy(update={"compile": True})
    # A compiled step has settings of its own, which hold for a whole process.
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        found = process.submit(curve, compiled).result()
    assert losses(found) == pytest.approx(losses(curve(plain)), rel=1e-3)


@pytest.mark.parametrize("count", [33, 65, 97])
def test_a_last_batch_of_one_row_is_no_trouble(count: int) -> None:
    network = SMALL.model_copy(update={"network": "cnn", "widths": (4,), "epochs": 1})
    assert len(fit(network, train=rows(count)).curve) == 1


def test_what_was_saved_is_loaded(folder: Path) -> None:
    result = fit()
    save(result.model, folder)
    inputs = rows(9)[0]
    loaded = probabilities(load(folder, SMALL, SCHEMA), inputs)
    assert np.array_equal(loaded, probabilities(result.model, inputs))


def test_weights_of_other_params_are_refused_with_the_cure(folder: Path) -> None:
    save(fit().model, folder)
    wider = SMALL.model_copy(update={"widths": (99,)})
    with pytest.raises(UserError, match=r"does not fit params\.yaml and the schema: run `make"):
        load(folder, wider, SCHEMA)


def test_a_broken_weights_file_is_refused(folder: Path) -> None:
    path = save(fit().model, folder)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UserError, match="run `make pipeline`"):
        load(folder, SMALL, SCHEMA)


def test_missing_weights_are_named(folder: Path) -> None:
    with pytest.raises(UserError, match="is missing: run `make pipeline`"):
        load(folder, SMALL, SCHEMA)
