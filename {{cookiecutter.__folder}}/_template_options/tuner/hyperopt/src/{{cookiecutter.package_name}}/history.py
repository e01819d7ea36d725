"""The finished trials of a search, a line of JSON each, and the rule by which one is given up."""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from pydantic import BaseModel, ConfigDict

Curve = Sequence[tuple[int, float]]


class Record(BaseModel):
    """A finished trial; the `loss` is missing if it was given up, for some `reason`.

    `draw` tells which suggestion it was, from 0, `vals` what Hyperopt suggested, in its own form,
    and `curve` what the trial reported.
    """

    model_config = ConfigDict(frozen=True)

    draw: int
    vals: dict[str, list[int | float]]
    curve: list[tuple[int, float]]
    loss: float | None
    reason: str
    seconds: float


def open_history(folder: str | Path) -> list[Record]:
    """Return what has finished, and cut off the line that a killed search left unfinished."""
    path = _file(folder)
    path.touch()
    os.truncate(path, path.read_bytes().rfind(b"\n") + 1)
    return read_history(folder)


def read_history(folder: str | Path) -> list[Record]:
    """Return what has finished, in that order, while another process may write the next line."""
    lines = _file(folder).read_text(encoding="utf-8").splitlines(keepends=True)
    return [Record.model_validate_json(line) for line in lines if line.endswith("\n")]


def append(folder: str | Path, record: Record) -> None:
    """Add `record`; it is on the disk when this returns."""
    with _file(folder).open("a", encoding="utf-8") as file:
        file.write(record.model_dump_json() + "\n")
        file.flush()
        os.fsync(file.fileno())


def is_worse_than_the_median(curve: Curve, history: Sequence[Record]) -> bool:
    """Say whether to give up a trial, from its third step on and with five others complete.

    This is the median stopping rule of Google Vizier (Golovin and others, KDD 2017): the best loss
    of the trial is compared with the median of what the others had reached at that step. As in
    Optuna's `MedianPruner`, that is the best of their losses and not the mean.
    """
    step = curve[-1][0]
    others = [_best(record.curve, step) for record in history if record.loss is not None]
    return step >= 3 and len(others) >= 5 and _best(curve, step) > median(others)


def _best(curve: Curve, step: int) -> float:
    return min((loss for at, loss in curve if at <= step), default=math.inf)


def _file(folder: str | Path) -> Path:
    return Path(folder) / "trials.jsonl"
