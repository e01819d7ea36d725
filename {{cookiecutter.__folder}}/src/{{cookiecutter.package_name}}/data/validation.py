"""Hold rows against the schema with Great Expectations, and say what is wrong, column by column.

The features are laid out as one long table, a line a cell with the bounds of its column. Four
expectations then cover every column, where one for each column and rule would cost ten times that.
"""

import gc
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from ..params import Validation
from .spec import Schema


@dataclass(frozen=True)
class Problem:
    """What breaks a rule in one column: `count` values, or rows."""

    column: str
    count: int
    message: str


@dataclass(frozen=True)
class Rule:
    """What was claimed of the rows, over how many items, and what breaks it."""

    name: str
    claim: str
    checked: int
    problems: list[Problem]


def check(frame: pd.DataFrame, schema: Schema, limits: Validation) -> list[Rule]:
    """Return every rule with its problems; rows are valid when no rule has one.

    Without the schema's columns nothing else can be said, so the other rules are left out then.
    """
    columns = _columns(frame, schema)
    if any(problem.message.endswith("missing") for problem in columns.problems):
        return [columns]
    cells = _cells(frame, schema)
    labels = frame[schema.target].astype(str).where(frame[schema.target].notna(), None)
    return [
        columns,
        _size(frame, limits),
        _numbers(cells),
        _missing(cells, labels, schema),
        _range(cells, schema),
        _labels(labels, schema),
        _balance(labels, schema, limits),
        _duplicates(frame, schema, limits),
    ]


@cache
def _library() -> Any:  # noqa: ANN401
    """Import Great Expectations: five seconds of CPU, so only where rows are really checked."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # The import makes a million objects that stay; collecting among them costs a sixth of it.
    gc.disable()
    try:
        import great_expectations as gx  # noqa: PLC0415

        gc.freeze()
    finally:
        gc.enable()
    return gx


@cache
def _context() -> Any:  # noqa: ANN401
    context = _library().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context


def _expect(table: pd.DataFrame, expectation: str, **arguments: object) -> Any:  # noqa: ANN401
    """Return the result of one expectation about `table`, with the places that break it."""
    batch = _context().data_sources.pandas_default.read_dataframe(table)
    claim = getattr(_library().expectations, expectation)(**arguments)
    # The values themselves would take a minute where a whole file is wrong; BASIC stops at 20.
    style = {"result_format": "COMPLETE", "exclude_unexpected_value": True}
    return batch.validate(claim, result_format=style)


def _breaking(table: pd.DataFrame, expectation: str, **arguments: object) -> pd.DataFrame:
    """Return the rows of `table` that break the expectation."""
    table = table.reset_index(drop=True)
    result = _expect(table, expectation, **arguments)
    return table.loc[[] if result.success else result.result["unexpected_index_list"]]


def _cells(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    columns = [frame[name] for name in schema.feature_names]
    values = [
        pd.to_numeric(c, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
        for c in columns
    ]
    codes = np.repeat(np.arange(len(columns)), len(frame))
    return pd.DataFrame(
        {
            "column": pd.Index(schema.feature_names)[codes],
            "value": np.concatenate(values),
            "missing": np.concatenate([c.isna().to_numpy() for c in columns]),
            "text": np.concatenate([_is_text(c) for c in columns]),
            "low": np.array([feature.low for feature in schema.features])[codes],
            "high": np.array([feature.high for feature in schema.features])[codes],
        }
    )


def _is_text(column: pd.Series) -> np.ndarray:
    """Mark what is not a number: what cannot be read as one, else all of a column of text."""
    if is_numeric_dtype(column):
        return np.zeros(len(column), dtype=bool)
    unreadable = pd.to_numeric(column, errors="coerce").isna() & column.notna()
    return (unreadable if unreadable.any() else column.notna()).to_numpy(dtype=bool)


def _columns(frame: pd.DataFrame, schema: Schema) -> Rule:
    names = [*schema.feature_names, schema.target]
    result = _expect(
        frame, "ExpectTableColumnsToMatchSet", column_set=names, exact_match=True
    ).result
    mismatched = result.get("details", {}).get("mismatched", {})
    problems = [
        Problem(column, len(frame), f"{column}: the column is {what}")
        for kind, what in (("missing", "missing"), ("unexpected", "not in the schema"))
        for column in mismatched.get(kind, [])
    ]
    return Rule("columns", "the columns are those of the schema", len(frame.columns), problems)


def _size(frame: pd.DataFrame, limits: Validation) -> Rule:
    least = limits.minimum_rows
    result = _expect(frame, "ExpectTableRowCountToBeBetween", min_value=least)
    message = f"{_many(len(frame), 'row')}, fewer than validate.minimum_rows = {least:,}"
    problems = [] if result.success else [Problem("", len(frame), message)]
    return Rule("rows", f"there are {least:,} rows or more", len(frame), problems)


def _numbers(cells: pd.DataFrame) -> Rule:
    bad = _breaking(cells, "ExpectColumnValuesToBeInSet", column="text", value_set=[False])
    problems = [
        Problem(column, count, f"{column}: {_many(count, 'value')} not a number")
        for column, count in _counts(bad)
    ]
    return Rule("numbers", "every feature is a number", len(cells), problems)


def _missing(cells: pd.DataFrame, labels: pd.Series, schema: Schema) -> Rule:
    bad = _breaking(cells, "ExpectColumnValuesToBeInSet", column="missing", value_set=[False])
    target = labels.to_frame("label")
    found = len(_breaking(target, "ExpectColumnValuesToNotBeNull", column="label"))
    counts = [*_counts(bad), *([(schema.target, found)] if found else [])]
    problems = [
        Problem(column, count, f"{column}: {_many(count, 'missing value')}")
        for column, count in counts
    ]
    return Rule("missing", "no value is missing", len(cells) + len(labels), problems)


def _range(cells: pd.DataFrame, schema: Schema) -> Rule:
    bad = pd.concat(
        _breaking(
            cells,
            "ExpectColumnPairValuesAToBeGreaterThanB",
            column_A=larger,
            column_B=smaller,
            or_equal=True,
            ignore_row_if="either_value_is_missing",
        )
        for larger, smaller in (("value", "low"), ("high", "value"))
    )
    features = {feature.name: feature for feature in schema.features}
    problems = []
    for column, count in _counts(bad):
        low, high = features[column].low, features[column].high
        values = _examples(f"{value:g}" for value in bad["value"][bad["column"] == column])
        message = f"{column}: {_many(count, 'value')} outside {low:g} to {high:g} ({values})"
        problems.append(Problem(column, count, message))
    return Rule("range", "every feature lies in its range", len(cells), problems)


def _labels(labels: pd.Series, schema: Schema) -> Rule:
    table = labels.to_frame("label")
    bad = _breaking(
        table, "ExpectColumnValuesToBeInSet", column="label", value_set=list(schema.classes)
    )
    message = (
        f"{schema.target}: {_many(len(bad), 'value')} not a class of the schema "
        f"({_examples(repr(label) for label in bad['label'])})"
    )
    problems = [Problem(schema.target, len(bad), message)] if len(bad) else []
    return Rule("labels", "every label is a class of the schema", len(labels), problems)


def _balance(labels: pd.Series, schema: Schema, limits: Validation) -> Rule:
    least = limits.minimum_class_share
    counts = labels.value_counts().reindex(list(schema.classes), fill_value=0)
    shares = counts / max(1, len(labels))
    table = pd.DataFrame({"label": counts.index, "rows": counts.array, "share": shares.array})
    bad = _breaking(table, "ExpectColumnValuesToBeBetween", column="share", min_value=least)
    problems = [
        Problem(
            schema.target,
            int(count),
            f"{schema.target}: {_many(int(count), 'row')} of class {label!r} ({share:.1%}), "
            f"fewer than validate.minimum_class_share = {least:.1%}",
        )
        for label, count, share in bad.itertuples(index=False)
    ]
    return Rule("balance", f"every class has {least:.1%} of the rows or more", len(table), problems)


def _duplicates(frame: pd.DataFrame, schema: Schema, limits: Validation) -> Rule:
    most = limits.maximum_duplicates
    table = pd.DataFrame({"repeated": frame.duplicated(schema.feature_names).to_numpy()})
    bad = _breaking(
        table,
        "ExpectColumnValuesToBeInSet",
        column="repeated",
        value_set=[False],
        mostly=1 - most,
    )
    message = (
        f"{_many(len(bad), 'row')} with the features of an earlier row "
        f"({len(bad) / max(1, len(frame)):.1%}), more than validate.maximum_duplicates = {most:.1%}"
    )
    problems = [Problem("", len(bad), message)] if len(bad) else []
    return Rule(
        "duplicates", f"at most {most:.1%} of the rows repeat another", len(frame), problems
    )


def _counts(cells: pd.DataFrame) -> list[tuple[str, int]]:
    counts = cells["column"].value_counts(sort=False)
    return [(str(column), int(count)) for column, count in counts.items() if count]


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _examples(texts: Iterable[str], shown: int = 3) -> str:
    different = list(dict.fromkeys(texts))
    return ", ".join(different[:shown]) + (", …" if len(different) > shown else "")
