"""Fetch the source rows into data/raw/rows.parquet, as they come: nothing is checked here."""

from ..data import source
from ..data.rows import RAW, write_rows
from ..params import Params


def run(params: Params) -> None:  # noqa: ARG001
    """Write what `data/source.py` loads."""
    write_rows(source.load(), RAW)
