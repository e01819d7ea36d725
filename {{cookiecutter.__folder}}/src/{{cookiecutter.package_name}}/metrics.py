"""Figures of a classifier, from probabilities and true class indices."""

import math

import numpy as np
import pandas as pd

LEAST = 1e-12


def confusion(actual: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count rows by actual class (down) and predicted class (across)."""
    counts = np.bincount(actual * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes)


def per_class(counts: np.ndarray, names: tuple[str, ...]) -> pd.DataFrame:
    """Return precision, recall, F1 and the number of rows of each class; 0 where undefined."""
    hits, actual, predicted = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    return pd.DataFrame(
        {
            "class": names,
            "precision": _ratio(hits, predicted),
            "recall": _ratio(hits, actual),
            "f1": _ratio(2 * hits, actual + predicted),
            "rows": actual,
        }
    )


def log_loss(probabilities: np.ndarray, actual: np.ndarray) -> float:
    """Return the mean of -log of the probability that the true class got."""
    given = probabilities[np.arange(len(actual)), actual].astype(np.float64)
    return float(-np.log(np.maximum(given, LEAST)).mean())


def interval(hits: int, rows: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share: where it may lie, given so few rows."""
    z = 1.96
    share, spread = hits / rows, z * z / rows
    middle = share + spread / 2
    half = z * math.sqrt(share * (1 - share) / rows + spread / (4 * rows))
    return (middle - half) / (1 + spread), (middle + half) / (1 + spread)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return result
