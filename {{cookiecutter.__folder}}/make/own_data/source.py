"""Where this project's rows come from: a table in the folder `data/source`."""

from pathlib import Path

import pandas as pd

from ..errors import UserError
from .schema import SCHEMA

PARQUET, CSV = Path("data/source/rows.parquet"), Path("data/source/rows.csv")


def load() -> pd.DataFrame:
    """Return every labelled row: the schema's feature columns and its target, a class name.

    Whose rows these are, when and how they were gathered, and under which licence, has not been
    written down yet.
    """
    # Features are numbers: here is the place to turn categories into some, and to fill or drop
    # missing values. The model card shows the second paragraph above.
    frame = table()
    columns = [*SCHEMA.feature_names, SCHEMA.target]
    if missing := [name for name in columns if name not in frame]:
        raise UserError(
            f"the table lacks {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}: "
            "name them alike there and in data/schema.py"
        )
    return frame[columns]


def table() -> pd.DataFrame:
    """Read the file that is there."""
    path = next((path for path in (PARQUET, CSV) if path.exists()), None)
    if path is None:
        raise UserError(
            f"there is no data yet: put a table with a column {SCHEMA.target!r} and the features "
            f"of the schema at {PARQUET} or {CSV}"
        )
    try:
        return pd.read_parquet(path) if path == PARQUET else pd.read_csv(path)
    except ValueError as error:
        raise UserError(f"{path} is not a table that can be read: {error}") from None
