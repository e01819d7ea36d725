"""What a search for hyperparameters speaks of; which tool searches, it does not know."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import UserError
from .params import Choice, Range

Value = str | int | float | tuple[int, ...]
Space = Mapping[str, Range | Choice]
# Takes a step (from 1) and the loss there; raises `Pruned` when the trial is given up.
Report = Callable[[int, float], None]
# Takes a model's name, values of its space and a report, and returns the loss. It can be pickled,
# because trials run in processes of their own.
Objective = Callable[[str, dict[str, Value], Report], float]


class Pruned(Exception):  # noqa: N818 (as the tuners call it)
    """A trial is not worth its time."""


@dataclass(frozen=True)
class Trial:
    """One try; the `loss` of a pruned one is the last that it reported, if any."""

    number: int
    model: str
    values: dict[str, Value]
    loss: float | None
    state: str
    seconds: float


@dataclass(frozen=True)
class Best:
    """The model and the values with the lowest loss, and every finished trial, in their order."""

    model: str
    values: dict[str, Value]
    loss: float
    trials: tuple[Trial, ...]


def best_of(trials: Sequence[Trial], reason: str = "pruned") -> Best:
    """Return the best of `trials`; if none came to its end, raise `UserError` with the `reason`."""
    losses = {
        trial.number: trial.loss
        for trial in trials
        if trial.state == "complete" and trial.loss is not None
    }
    if not losses:
        raise UserError(f"none of {len(trials)} trials came to its end; the last one: {reason}")
    best = next(t for t in trials if t.number == min(losses, key=losses.__getitem__))
    return Best(best.model, best.values, losses[best.number], tuple(trials))


def rounded(value: float, dimension: Range) -> float:
    """Keep four digits, which is enough for a hyperparameter, within the dimension's bounds."""
    return min(max(float(f"{value:.4g}"), dimension.low), dimension.high)


@contextmanager
def alone(folder: str | Path) -> Iterator[None]:
    """Keep a second search out of `folder`: it would take running trials for interrupted ones.

    Raises `UserError` there. The lock is SQLite's own and ends with the process, however that ends.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    with closing(_locked(Path(folder) / "lock.db")):
        yield


def _locked(path: Path) -> sqlite3.Connection:
    try:
        lock = sqlite3.connect(path, timeout=0, isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise UserError(f"another search runs in {path.parent}: wait for it") from None
        raise UserError(f"{path} cannot be locked: {error}") from None
    return lock
