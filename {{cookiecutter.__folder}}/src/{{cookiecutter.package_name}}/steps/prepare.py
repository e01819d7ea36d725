"""Split the validated rows into data/prepared/{train,validation,test}.parquet.

Equal rows are dropped before; mean and deviation of the train rows go to statistics.json there.
"""

from ..artifacts import write_json
from ..data.rows import VALIDATED, read_rows, write_rows
from ..data.schema import SCHEMA
from ..data.split import split, statistics
from ..params import Params


def run(params: Params) -> None:
    """Write the three splits, and the statistics of the first."""
    splits = split(read_rows(VALIDATED), SCHEMA, params.split, params.seed)
    for name, rows in splits.items():
        write_rows(rows, f"data/prepared/{name}.parquet")
    write_json("data/prepared/statistics.json", statistics(splits["train"], SCHEMA))
