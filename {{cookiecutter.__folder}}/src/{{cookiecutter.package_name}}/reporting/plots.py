"""Pictures of a training run and of its mistakes, drawn without a display or global state."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..artifacts import atomic

TRAIN, VALIDATION, MUTED, MISTAKE = "#8a94a6", "#1f5fbf", "#4a5160", "#c22f2f"
STYLE: dict[Any, Any] = {
    "axes.edgecolor": "#c9ced6",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": MUTED,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "font.size": 9.5,
    "grid.color": "#e6e9ee",
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}
READABLE_CELLS = 25


def learning_curve(curve: pd.DataFrame, model: str, path: str | Path) -> Path:
    """Draw losses and validation accuracy by epoch, with the epoch that was kept."""
    best = curve.iloc[int(curve["validation_loss"].argmin())]
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        losses, accuracy = figure.subplots(1, 2)
        _line(losses, curve, "train_loss", TRAIN, "train")
        _line(losses, curve, "validation_loss", VALIDATION, "validation")
        losses.set(title=f"{model}: loss, logarithmic", yscale="log")
        _line(accuracy, curve, "validation_accuracy", VALIDATION, "validation")
        accuracy.set_title(f"{model}: accuracy")
        for axes, column in ((losses, "validation_loss"), (accuracy, "validation_accuracy")):
            _mark(axes, best["epoch"], best[column])
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        losses.legend(frameon=False)
        return _save(figure, path)


def confusion_matrix(counts: np.ndarray, classes: Sequence[str], path: str | Path) -> Path:
    """Draw the counts; a cell's colour is its share of the actual class's rows."""
    size = max(4.0, 0.48 * min(len(classes), READABLE_CELLS) + 1.6)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with rc_context(STYLE | {"axes.grid": False}):
        figure = Figure(figsize=(size, size), layout="constrained")
        axes = figure.subplots()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.2)
        axes.set(xlabel="predicted", ylabel="actual")
        mistakes = int(counts.sum() - counts.trace())
        axes.set_title(f"{mistakes} of {counts.sum():,} test rows are wrong")
        if len(classes) <= READABLE_CELLS:
            _label(axes, counts, shares, classes)
        return _save(figure, path)


def _line(axes: Axes, curve: pd.DataFrame, column: str, color: str, label: str) -> None:
    marker = "o" if len(curve) == 1 else ""
    axes.plot(curve["epoch"], curve[column], color=color, linewidth=2, label=label, marker=marker)


def _mark(axes: Axes, epoch: float, value: float) -> None:
    axes.plot([epoch], [value], "o", color=VALIDATION, markersize=7, markeredgecolor="white")
    axes.annotate(
        f"kept: {value:.4f}",
        (epoch, value),
        xytext=(0, 10),
        textcoords="offset points",
        ha="center",
        color=VALIDATION,
    )


def _label(axes: Axes, counts: np.ndarray, shares: np.ndarray, classes: Sequence[str]) -> None:
    longest = max(map(len, classes))
    axes.set_xticks(range(len(classes)), classes, rotation=0 if longest <= 3 else 90)
    axes.set_yticks(range(len(classes)), classes)
    axes.tick_params(length=0)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            right = "white" if shares[row, column] > 0.5 else "#20242c"
            color, weight = (right, "normal") if row == column else (MISTAKE, "bold")
            axes.text(column, row, str(count), ha="center", va="center", color=color, weight=weight)


def _save(figure: Figure, path: str | Path) -> Path:
    with atomic(path) as temporary:
        FigureCanvasAgg(figure).print_figure(str(temporary), format="png", dpi=120)
    return Path(path)
