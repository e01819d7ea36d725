"""Predict the rows of a Parquet file.

The output keeps every column and the order of the rows, and adds `predicted` (the label) and
`probability_<class>` for each class. It is written whole or not at all.
"""

import re
from argparse import ArgumentParser
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from ..artifacts import atomic
from ..data.spec import Schema
from ..errors import UserError
from ..features import to_tensor
from ..params import Params
from ..predictor import InvalidInput, Predictor

BATCH = 8192


def add_arguments(parser: ArgumentParser) -> None:
    """Name the two files."""
    parser.add_argument(
        "--input", dest="rows", type=Path, required=True, help="Parquet file with the features"
    )
    parser.add_argument("--output", type=Path, required=True, help="Parquet file to write")


def run(_params: Params, *, rows: Path, output: Path) -> None:
    """Read `rows` in batches, so that its size does not matter, and write `output`."""
    predictor = Predictor(maximum_rows=BATCH)
    with _open(rows) as source:
        _check_columns(source.schema_arrow, predictor.schema)
        count = source.metadata.num_rows
        with (
            atomic(output) as temporary,
            pq.ParquetWriter(temporary, _output_schema(source, predictor.schema)) as writer,
            tqdm(total=count, unit="row", desc="score", disable=None) as progress,
        ):
            done = 0  # the bar does not count where it is not shown
            for batch in source.iter_batches(BATCH):
                writer.write_batch(_score(batch, predictor, done))
                done += batch.num_rows
                progress.update(batch.num_rows)
    print(f"{count} rows predicted by {predictor.id}: {output}")


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except FileNotFoundError:
        raise UserError(f"{path} is missing") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{path} is not a Parquet file: {error}") from None


def _check_columns(columns: pa.Schema, schema: Schema) -> None:
    for name in set(schema.feature_names) & set(columns.names):
        kind = columns.field(name).type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            raise UserError(f"column {name} holds {kind}, not numbers")
    if taken := [name for name in _added(schema) if name in columns.names]:
        raise UserError(f"the input already has a column {taken[0]}: rename it")


def _added(schema: Schema) -> list[str]:
    return ["predicted", *(f"probability_{name}" for name in schema.classes)]


def _output_schema(source: pq.ParquetFile, schema: Schema) -> pa.Schema:
    columns: pa.Schema = source.schema_arrow
    for name in _added(schema):
        columns = columns.append(
            pa.field(name, pa.string() if name == "predicted" else pa.float32())
        )
    return columns


def _score(batch: pa.RecordBatch, predictor: Predictor, offset: int) -> pa.RecordBatch:
    schema = predictor.schema
    present = [name for name in schema.feature_names if name in batch.schema.names]
    values = to_tensor(batch.select(present).to_pandas(), schema)
    try:
        probabilities = predictor.probabilities(predictor.validate(values))
    except InvalidInput as error:
        raise UserError(_in_the_file(error, offset)) from None
    arrays = [pa.array(predictor.labels(probabilities)), *map(pa.array, probabilities.T)]
    for name, array in zip(_added(schema), arrays, strict=True):
        batch = batch.append_column(name, array)
    return batch


def _in_the_file(error: InvalidInput, offset: int) -> str:
    """Say where in the file a value is that the predictor found in row i, at `inputs[i]...`."""
    row = re.match(r"inputs\[(\d+)\]", error.field)
    place = f"row {offset + int(row[1])}" if row else "the input"
    return f"{place}: expected {error.expected}, got {error.got}"
