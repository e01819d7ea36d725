"""Tables between the steps: Parquet files, written whole or not at all."""

import pandas as pd
import pyarrow as pa

from ..artifacts import atomic
from ..errors import UserError

RAW = "data/raw/rows.parquet"
VALIDATED = "data/validated/rows.parquet"


def read_rows(path: str) -> pd.DataFrame:
    """Read a table; a missing or broken one is a `UserError`."""
    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        raise UserError(f"{path} is missing: run `make pipeline`") from None
    except pa.ArrowInvalid as error:
        raise UserError(f"{path} is not a Parquet file ({error}): run `make pipeline`") from None


def write_rows(frame: pd.DataFrame, path: str) -> None:
    """Write a table; a column that mixes text and numbers is a `UserError`."""
    with atomic(path) as temporary:
        try:
            frame.to_parquet(temporary, index=False)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            reason = "; ".join(map(str, error.args))
            raise UserError(f"{path} cannot hold these rows: {reason}") from None
    print(f"{path}: {len(frame):,} rows")
