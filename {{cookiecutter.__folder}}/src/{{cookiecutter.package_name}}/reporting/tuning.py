"""Table and picture of a search for hyperparameters; which tool searched, it does not know."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import pandas as pd
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..artifacts import atomic
from ..trials import Trial
from .plots import MUTED, STYLE, TRAIN, VALIDATION


def trial_table(trials: Sequence[Trial]) -> pd.DataFrame:
    """Return one row a trial: its number, model, state, loss, seconds and values."""
    rows = [
        {
            "trial": trial.number,
            "model": trial.model,
            "state": trial.state,
            "loss": trial.loss,
            "seconds": round(trial.seconds, 2),
            **trial.values,
        }
        for trial in trials
    ]
    return pd.DataFrame(rows)


def draw_history(trials: Sequence[Trial]) -> Figure:
    """Draw each trial's loss and the best so far; logarithmic when they differ tenfold."""
    finished = [(t.number, t.loss) for t in trials if t.loss is not None and t.state == "complete"]
    pruned = [(t.number, t.loss) for t in trials if t.loss is not None and t.state != "complete"]
    best = list(accumulate((loss for _, loss in finished), min))
    losses = [loss for _, loss in finished + pruned]
    with rc_context(STYLE):
        figure = Figure(figsize=(7, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.plot(*_columns(pruned), "x", color=TRAIN, label="given up early")
        axes.plot(*_columns(finished), "o", color=MUTED, markersize=4, label="trial")
        axes.step(
            _columns(finished)[0], best, where="post", color=VALIDATION, linewidth=2, label="best"
        )
        axes.set(title="validation loss of each trial", xlabel="trial")
        if min(losses) > 0 and max(losses) / min(losses) > 10:
            axes.set(title="validation loss of each trial, logarithmic", yscale="log")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False)
    return figure


def save_history(trials: Sequence[Trial], path: str | Path) -> None:
    """Write the picture as PNG."""
    with atomic(path) as temporary:
        canvas = FigureCanvasAgg(draw_history(trials))
        canvas.print_figure(str(temporary), format="png", dpi=120)


def _columns(points: Sequence[tuple[int, float]]) -> tuple[list[int], list[float]]:
    return [number for number, _ in points], [loss for _, loss in points]
