"""Hold rows out, so that no row that a model was fitted on judges it."""

import numpy as np
import pandas as pd

from ..errors import UserError
from ..params import Split
from .spec import Schema

SPLITS = ("train", "validation", "test")


def as_read(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Return the schema's columns as a model reads them: float32 features and a label in words."""
    features = frame[schema.feature_names].astype("float32")
    return features.assign(**{schema.target: frame[schema.target].astype(str)})


def split(frame: pd.DataFrame, schema: Schema, shares: Split, seed: int) -> dict[str, pd.DataFrame]:
    """Return the rows of each of `SPLITS`; every class has its share of each.

    Rows whose features are equal to an earlier row's are dropped first: a copy on the other side
    would be a leak. They are compared as float32, because that is what a model sees.
    """
    rows = as_read(frame, schema).drop_duplicates(schema.feature_names, ignore_index=True)
    random = np.random.default_rng(seed)
    chosen: dict[str, list[int]] = {name: [] for name in SPLITS}
    for label in schema.classes:
        positions = random.permutation(np.flatnonzero(rows[schema.target] == label))
        for name, part in _deal(positions, shares, label).items():
            chosen[name].extend(part.tolist())
    return {name: rows.iloc[sorted(part)].reset_index(drop=True) for name, part in chosen.items()}


def _deal(positions: np.ndarray, shares: Split, label: str) -> dict[str, np.ndarray]:
    held_out = [max(1, round(share * len(positions))) for share in (shares.validation, shares.test)]
    validation, test = np.cumsum(held_out)
    if test >= len(positions):
        raise UserError(
            f"class {label!r} has {len(positions)} different rows, too few for three splits: "
            "add rows, or lower split.validation and split.test in params.yaml"
        )
    parts = (positions[test:], positions[:validation], positions[validation:test])
    return dict(zip(SPLITS, parts, strict=True))


def statistics(frame: pd.DataFrame, schema: Schema) -> dict[str, object]:
    """Return mean and standard deviation of each feature of `frame`, and of all values together."""
    values = frame[schema.feature_names].to_numpy(dtype=np.float64)
    columns = zip(schema.feature_names, values.mean(axis=0), values.std(axis=0), strict=True)
    return {
        "rows": len(frame),
        "mean": float(values.mean()),
        "std": float(values.std()),
        "features": {name: {"mean": float(m), "std": float(s)} for name, m, s in columns},
    }
