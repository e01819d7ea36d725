"""A picture of the test rows that the model got wrong, the surest of its mistakes first."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..artifacts import atomic
from .plots import MISTAKE, MUTED, STYLE

COLUMNS, MOST = 6, 24
IMAGE_CHANNELS = (1, 3)


def save_mistakes(
    inputs: np.ndarray,
    actual: np.ndarray,
    probabilities: np.ndarray,
    classes: Sequence[str],
    path: str | Path,
) -> Path:
    """Draw up to 24 rows of `inputs`, (n, *input_shape), whose most probable class is not `actual`.

    `actual` are class indices, (n,), `probabilities` is (n, classes). A row that has the shape of
    an image is drawn as one, any other as its values in their order.
    """
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != actual)
    surest = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:MOST]
    lines = max(1, -(-len(surest) // COLUMNS))
    with rc_context(STYLE | {"axes.grid": False}):
        figure = Figure(figsize=(COLUMNS * 1.4, lines * 1.8 + 0.5), layout="constrained")
        figure.suptitle(f"{len(wrong)} of {len(actual):,} test rows are wrong", x=0.01, ha="left")
        for axes in figure.subplots(lines, COLUMNS, squeeze=False).flat[len(surest) :]:
            axes.set_axis_off()
        for axes, row in zip(figure.axes, surest, strict=False):
            _draw(axes, inputs[row])
            given, share = classes[predicted[row]], probabilities[row, predicted[row]]
            title = f"{classes[actual[row]]} taken for\n{given} ({share:.0%})"
            axes.set_title(title, color=MISTAKE, fontsize=8)
    with atomic(path) as temporary:
        FigureCanvasAgg(figure).print_figure(str(temporary), format="png", dpi=120)
    return Path(path)


def _draw(axes: Axes, row: np.ndarray) -> None:
    axes.set(xticks=[], yticks=[])
    if row.ndim == 3 and row.shape[0] in IMAGE_CHANNELS:
        span = float(np.ptp(row)) or 1.0
        image = (np.moveaxis(row, 0, -1) - row.min()) / span
        axes.imshow(image, cmap="gray_r", interpolation="nearest")
    elif row.ndim == 2:
        axes.imshow(row, cmap="gray_r", interpolation="nearest", aspect="auto")
    else:
        axes.plot(row.ravel(), color=MUTED, linewidth=1)
