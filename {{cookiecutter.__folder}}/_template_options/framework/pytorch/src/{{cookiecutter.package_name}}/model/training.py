"""Train one network: deterministic, and after a kill the next run goes on to the same result."""

import hashlib
import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from ..artifacts import atomic, fingerprint, sha256
from ..data.spec import Schema
from ..errors import DivergedError, UserError
from ..params import ModelParams
from .network import Classifier

Rows = tuple[np.ndarray, np.ndarray]
CHECKPOINTS = Path(".cache/checkpoints")
CHUNK = 1024


class Run(Protocol):
    """What training needs of a tracked run."""

    def log(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Add a point to the curve of each metric."""


@dataclass(frozen=True)
class FitResult:
    """The best epoch's model, its figures on the validation split, and how it came there.

    `weights` is the number of trained weights; `curve` has one dictionary an epoch.
    """

    model: Classifier
    loss: float
    accuracy: float
    weights: int
    curve: list[dict[str, float]]


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
    Raises `DivergedError` when the loss is no longer a number, and `UserError` when the rows hold
    some that are none.
    """
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(mode=True)
    # On one thread sums have one order on every machine; at this size two are no faster.
    torch.set_num_threads(1)
    training = _Training(params, schema, train, validation)
    checkpoint = CHECKPOINTS / _fingerprint(params, schema, train, validation, seed) / "state.pt"
    _restore(training, checkpoint)
    for row in training.curve:
        run.log(_metrics(row), step=int(row["epoch"]))
    with tqdm(
        desc=name, total=params.epochs, initial=training.epoch, leave=None, disable=None
    ) as bar:
        while not training.finished:
            row = training.advance()
            _require_finite(name, row, params, train)
            run.log(_metrics(row), step=int(row["epoch"]))
            if report:
                _report_or_forget(report, row, checkpoint)
            with atomic(checkpoint) as temporary:
                torch.save(training.state_dict(), temporary)
            bar.update()
            bar.set_postfix(validation_loss=f"{row['validation_loss']:.4f}")
    shutil.rmtree(checkpoint.parent, ignore_errors=True)
    return training.result()


def save(model: Classifier, folder: str | Path) -> Path:
    """Write the weights into `folder`, as tensors without code, and return the file."""
    path = Path(folder) / "weights.pt"
    with atomic(path) as temporary:
        torch.save(model.state_dict(), temporary)
    return path


def load(folder: str | Path, params: ModelParams, schema: Schema) -> Classifier:
    """Read back what `save` wrote, for the params and the schema that it was trained with."""
    path = Path(folder) / "weights.pt"
    model = Classifier(params, schema)
    try:
        model.load_state_dict(torch.load(path, weights_only=True))
    except FileNotFoundError:
        raise UserError(f"{path} is missing: run `make pipeline`") from None
    except (RuntimeError, UnpicklingError, EOFError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{path} does not fit params.yaml and the schema: run `make pipeline` ({reason})"
        ) from None
    return model.eval()


class _Training:
    """All that changes from epoch to epoch, so that a checkpoint can hold all of it."""

    def __init__(self, params: ModelParams, schema: Schema, train: Rows, validation: Rows) -> None:
        self.params = params
        self.model = Classifier(params, schema)
        self.model.preprocessing.fit(train[0])
        self.train, self.validation = (
            tuple(map(torch.tensor, rows)) for rows in (train, validation)
        )
        self.steps = math.ceil(len(train[0]) / params.batch_size)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=params.learning_rate, weight_decay=params.weight_decay
        )
        # The rate rises for a third of the steps and falls to nothing at the end.
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, params.learning_rate, total_steps=params.epochs * self.steps
        )
        self.curve: list[dict[str, float]] = []
        self.best: dict[str, Tensor] = {}

    @property
    def epoch(self) -> int:
        return len(self.curve)

    @property
    def best_row(self) -> dict[str, float]:
        return min(self.curve, key=lambda row: row["validation_loss"])

    @property
    def finished(self) -> bool:
        if self.epoch == 0:
            return False
        waited = self.epoch - int(self.best_row["epoch"])
        return self.epoch >= self.params.epochs or waited >= self.params.patience

    def advance(self) -> dict[str, float]:
        """Train one epoch and return its row of the curve."""
        train_loss = self._train()
        loss, accuracy = _measure(self.model, *self.validation)
        self.curve.append(
            {
                "epoch": self.epoch + 1,
                "train_loss": train_loss,
                "validation_loss": loss,
                "validation_accuracy": accuracy,
            }
        )
        if self.best_row is self.curve[-1]:
            self.best = {key: value.clone() for key, value in self.model.state_dict().items()}
        return self.curve[-1]

    def _train(self) -> float:
        inputs, labels = self.train
        self.model.train()
        total = 0.0
        # Equal parts, because a last batch of a single row has no deviation to normalise by.
        for rows in torch.randperm(len(inputs)).tensor_split(self.steps):
            self.optimizer.zero_grad()
            loss = nn.functional.cross_entropy(self.model.logits(inputs[rows]), labels[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            self.schedule.step()
            total += loss.item() * len(rows)
        return total / len(inputs)

    def result(self) -> FitResult:
        self.model.load_state_dict(self.best)
        return FitResult(
            model=self.model.eval(),
            loss=self.best_row["validation_loss"],
            accuracy=self.best_row["validation_accuracy"],
            weights=sum(weight.numel() for weight in self.model.parameters()),
            curve=self.curve,
        )

    def state_dict(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "random": torch.get_rng_state(),
            "curve": self.curve,
            "best": self.best,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["random"])
        self.curve, self.best = state["curve"], state["best"]


@torch.inference_mode()
def _measure(model: Classifier, inputs: Tensor, labels: Tensor) -> tuple[float, float]:
    """Return mean loss and accuracy, a chunk of rows at a time."""
    model.eval()
    loss, hits = 0.0, 0
    for some, truth in zip(torch.split(inputs, CHUNK), torch.split(labels, CHUNK), strict=True):
        scores = model.logits(some)
        loss += nn.functional.cross_entropy(scores, truth, reduction="sum").item()
        hits += int((scores.argmax(dim=1) == truth).sum())
    return loss / len(labels), hits / len(labels)


def _metrics(row: dict[str, float]) -> dict[str, float]:
    return {key: value for key, value in row.items() if key != "epoch"}


def _require_finite(name: str, row: dict[str, float], params: ModelParams, train: Rows) -> None:
    if all(math.isfinite(value) for value in row.values()):
        return
    if bad := int(np.count_nonzero(~np.isfinite(train[0]))):
        raise UserError(f"the train split holds {bad} values that are no numbers: see `validate`")
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


def _restore(training: _Training, checkpoint: Path) -> None:
    if not checkpoint.exists():
        return
    try:
        training.load_state_dict(torch.load(checkpoint, weights_only=True))
    except (RuntimeError, UnpicklingError, EOFError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{checkpoint} is broken: delete it and run again ({reason})") from None


def _fingerprint(
    params: ModelParams, schema: Schema, train: Rows, validation: Rows, seed: int
) -> str:
    arrays = [hashlib.sha256(array.tobytes()).hexdigest() for array in (*train, *validation)]
    code = [sha256(path) for path in sorted(Path(__file__).parent.glob("*.py"))]
    settings = (params.model_dump_json(), str(schema.input_shape), str(seed), torch.__version__)
    return fingerprint(*settings, *arrays, *code)
