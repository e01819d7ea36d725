"""Where this project's rows come from: a table in the folder `data/source`."""

from pathlib import Path

import pandas as pd

from ..errors import UserError
from .schema import SCHEMA

PARQUET, CSV = Path("data/source/rows.parquet"), Path("data/source/rows.csv")


def load() -> pd.DataFrame:
    """Return every labelled row: the schema's feature columns and its target, a class name.

    Other columns of the table are left out. Features must be numbers: turn categories into
    numbers here, and fill or drop missing values here, where readers will look for it.
    """
    frame = table()
    columns = [*SCHEMA.feature_names, SCHEMA.target]
    return frame[[name for name in columns if name in frame]]


def table() -> pd.DataFrame:
    """Read the file that is there."""
    if PARQUET.exists():
        return pd.read_parquet(PARQUET)
    if CSV.exists():
        return pd.read_csv(CSV)
    raise UserError(
        f"there is no data yet: put a table with a column {SCHEMA.target!r} and the features of "
        f"the schema at {PARQUET} or {CSV}"
    )
