"""Fit a network: epochs, patience and checkpoints, whatever the framework does in an epoch."""

import hashlib
import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from tqdm import tqdm

from .artifacts import fingerprint, sha256
from .data.spec import Schema
from .errors import DivergedError, UserError
from .model.distributed import is_chief, size
from .model.network import Classifier
from .model.training import VERSION, Trainer
from .params import ModelParams

Rows = tuple[np.ndarray, np.ndarray]
Curve = list[dict[str, float]]
CHECKPOINTS = Path(".cache/checkpoints")


class Run(Protocol):
    """What training needs of a tracked run."""

    def log(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Add a point to the curve of each metric."""


class Unwatched:
    """A run that keeps nothing."""

    def log(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Forget."""


@dataclass(frozen=True)
class FitResult:
    """The best epoch's model, its figures on the validation split, and how it came there.

    `weights` is the number of trained weights; `curve` has one dictionary an epoch.
    """

    model: Classifier
    loss: float
    accuracy: float
    weights: int
    curve: Curve


def fit(  # noqa: PLR0913, PLR0917
    name: str,
    params: ModelParams,
    schema: Schema,
    train: Rows,
    validation: Rows,
    seed: int,
    run: Run,
    report: Callable[[int, float], None] | None = None,
) -> FitResult:
    """Train on `train` until the epochs or the patience end; keep the best epoch's weights.

    `train` and `validation` are raw inputs and class indices. Each epoch goes to `run`, to
    `report` (epoch from 1, validation loss; it may raise to end a hopeless trial) and into a
    checkpoint that is named by data, params and code. A run that was killed continues from it.
    Within `launch` every worker calls this, and all return equal weights.
    Raises `DivergedError` when the loss is no longer a number, and `UserError` when the rows hold
    some that are none.
    """
    _require_numbers({"train": train, "validation": validation})
    trainer = Trainer(params, schema, train, validation, seed)
    checkpoint = CHECKPOINTS / _fingerprint(params, schema, train, validation, seed) / "state"
    curve = _restore(trainer, checkpoint)
    for row in curve:
        run.log(_metrics(row), step=int(row["epoch"]))
    hidden = None if is_chief() else True
    with tqdm(
        desc=name, total=params.epochs, initial=len(curve), leave=None, disable=hidden
    ) as bar:
        while not _finished(curve, params):
            row = _advance(trainer, curve)
            _require_finite(name, row, params)
            run.log(_metrics(row), step=int(row["epoch"]))
            if report:
                _report_or_forget(report, row, checkpoint)
            trainer.save_state(checkpoint, curve)
            bar.update()
            bar.set_postfix(validation_loss=f"{row['validation_loss']:.4f}")
    if is_chief():
        shutil.rmtree(checkpoint.parent, ignore_errors=True)
    best = _best(curve)
    return FitResult(
        model=trainer.best(),
        loss=best["validation_loss"],
        accuracy=best["validation_accuracy"],
        weights=trainer.weights,
        curve=curve,
    )


def code_hashes() -> list[str]:
    """Return a hash of each module that a trained network follows from."""
    modules = sorted((Path(__file__).parent / "model").glob("*.py"))
    return [sha256(path) for path in (Path(__file__), *modules)]


def _advance(trainer: Trainer, curve: Curve) -> dict[str, float]:
    """Train one epoch, add its row to `curve` and return it."""
    train_loss = trainer.train_epoch()
    loss, accuracy = trainer.validate()
    row = {
        "epoch": len(curve) + 1,
        "train_loss": train_loss,
        "validation_loss": loss,
        "validation_accuracy": accuracy,
    }
    curve.append(row)
    if _best(curve) is row:
        trainer.keep()
    return row


def _best(curve: Curve) -> dict[str, float]:
    return min(curve, key=lambda row: row["validation_loss"])


def _finished(curve: Curve, params: ModelParams) -> bool:
    if not curve:
        return False
    waited = len(curve) - int(_best(curve)["epoch"])
    return len(curve) >= params.epochs or waited >= params.patience


def _metrics(row: dict[str, float]) -> dict[str, float]:
    return {key: value for key, value in row.items() if key != "epoch"}


def _require_numbers(splits: Mapping[str, Rows]) -> None:
    # Not left to the loss: some frameworks' fused layers turn what is no number into zero.
    for split, (inputs, _) in splits.items():
        if bad := int(np.count_nonzero(~np.isfinite(inputs))):
            raise UserError(
                f"the {split} split holds {bad} values that are no numbers: see `validate`"
            )


def _require_finite(name: str, row: dict[str, float], params: ModelParams) -> None:
    if all(math.isfinite(value) for value in row.values()):
        return
    raise DivergedError(
        f"training {name} diverged in epoch {row['epoch']:.0f}, its loss is no number any more: "
        f"lower models.{name}.learning_rate (now {params.learning_rate:g}) in params.yaml"
    )


def _report_or_forget(
    report: Callable[[int, float], None], row: dict[str, float], checkpoint: Path
) -> None:
    try:
        report(int(row["epoch"]), row["validation_loss"])
    except Exception:  # a trial that was given up is never resumed
        shutil.rmtree(checkpoint.parent, ignore_errors=True)
        raise


def _restore(trainer: Trainer, checkpoint: Path) -> Curve:
    if not checkpoint.exists():
        return []
    try:
        return trainer.load_state(checkpoint)
    except Exception as error:  # each framework has its own for a file that is broken
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{checkpoint} is broken: delete it and run again ({reason})") from None


def _fingerprint(
    params: ModelParams, schema: Schema, train: Rows, validation: Rows, seed: int
) -> str:
    arrays = [hashlib.sha256(array.tobytes()).hexdigest() for array in (*train, *validation)]
    settings = (params.model_dump_json(), str(schema.input_shape), str(seed), str(size()))
    return fingerprint(VERSION, *settings, *arrays, *code_hashes())
