"""How far live data is from the data a model was trained on: tests, sizes, and a verdict.

It knows no file and no service. A difference counts as drift when it is both certain (a test,
corrected for the number of tests) and large (the population stability index, PSI): with many rows
a test alone finds trifles, with few rows the index alone finds noise. The correction spans the
features and the labels, so all of them together raise a false alarm at most at the rate asked for.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import chi2_contingency, ks_2samp

BINS = 10
LABELS = "labels"


@dataclass(frozen=True)
class Sample:
    """Features, a row each, and predicted labels; there may be more of one than of the other."""

    features: np.ndarray
    labels: Sequence[str]


@dataclass(frozen=True)
class Difference:
    """One feature, or the labels: PSI, the test's statistic, and its p-value after correction."""

    name: str
    psi: float
    statistic: float
    p_value: float
    drifted: bool = False


@dataclass(frozen=True)
class Drift:
    """The differences of all features, the largest first, and that of the predicted labels."""

    features: tuple[Difference, ...]
    labels: Difference

    @property
    def drifted(self) -> tuple[str, ...]:
        """Names of what has drifted."""
        return tuple(each.name for each in (*self.features, self.labels) if each.drifted)


def compare(
    names: Sequence[str], reference: Sample, live: Sample, psi_limit: float, false_alarms: float
) -> Drift:
    """Compare two samples whose features have these names.

    Rows are taken as independent of each other: the same row sent a hundred times looks like drift.
    """
    columns = zip(names, reference.features.T, live.features.T, strict=True)
    found = [_compare_values(*column) for column in columns]
    found.append(_compare_labels(reference.labels, live.labels))
    corrected = holm([each.p_value for each in found])
    judged = [
        replace(each, p_value=p, drifted=p < false_alarms and each.psi >= psi_limit)
        for each, p in zip(found, corrected, strict=True)
    ]
    features = sorted(judged[:-1], key=lambda each: (-each.psi, each.p_value))
    return Drift(tuple(features), judged[-1])


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct the p-values of several tests, after Holm: the tests may depend on each other."""
    values = np.asarray(p_values, dtype=float)
    order = np.argsort(values)
    steps = values[order] * np.arange(len(values), 0, -1)
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(value) for value in corrected]


def psi(reference: np.ndarray, live: np.ndarray) -> float:
    """Give the population stability index: 0 is equal, above 0.25 is much.

    Bins hold about a tenth of the reference each; a value that is more frequent than that gets a
    bin of its own, so that integers and constants are counted as they are.
    """
    edges = _edges(reference)
    counts = [
        np.bincount(np.searchsorted(edges, values, "left"), minlength=len(edges) + 1)
        for values in (reference.astype(float), live.astype(float))
    ]
    return psi_of_counts(*counts)


def psi_of_counts(reference: np.ndarray, live: np.ndarray) -> float:
    """PSI of two counts over the same bins; half a row is added to each, so that none is empty."""
    used = (reference + live) > 0
    shares = [(counts[used] + 0.5) / (counts[used] + 0.5).sum() for counts in (reference, live)]
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def _edges(reference: np.ndarray) -> np.ndarray:
    """Upper ends of the bins; a value that is several tenths at once also ends the bin below it."""
    tenths = np.linspace(0, 1, BINS + 1)[1:-1]
    values, times = np.unique(
        np.quantile(reference.astype(float), tenths, method="inverted_cdf"), return_counts=True
    )
    return np.union1d(values, np.nextafter(values[times > 1], -np.inf))


def _compare_values(name: str, reference: np.ndarray, live: np.ndarray) -> Difference:
    # The asymptotic p-value errs on the safe side where values are tied, as integers are.
    test = ks_2samp(reference, live, method="asymp")
    return Difference(name, psi(reference, live), float(test.statistic), float(test.pvalue))


def _compare_labels(reference: Sequence[str], live: Sequence[str]) -> Difference:
    classes = sorted({*reference, *live})
    counts = [Counter(labels) for labels in (reference, live)]
    table = np.array([[count[name] for name in classes] for count in counts])
    pooled = _pool_rare(table)
    if pooled.shape[1] < 2:
        return Difference(LABELS, psi_of_counts(*table), 0.0, 1.0)
    test = chi2_contingency(pooled)
    return Difference(LABELS, psi_of_counts(*table), float(test.statistic), float(test.pvalue))


def _pool_rare(table: np.ndarray) -> np.ndarray:
    """Put classes together until each is expected five times: the chi-square test asks for it."""
    expected = table.sum(axis=0) * (table.sum(axis=1).min() / table.sum())
    rare = expected < 5
    if not rare.any():
        return table
    pooled = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    return pooled if expected[rare].sum() >= 5 else pooled[:, :-1]
