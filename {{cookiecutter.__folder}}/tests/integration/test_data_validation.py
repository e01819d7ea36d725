"""What Great Expectations finds, and how it is told: by rule, column and count."""

import numpy as np
import pandas as pd
import pytest

from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.data.validation import check
from {{cookiecutter.package_name}}.params import Validation

LIMITS = Validation(minimum_rows=20, minimum_class_share=0.01)
FEATURE = SCHEMA.features[-1]
NAME, TARGET = FEATURE.name, SCHEMA.target


def told(frame: pd.DataFrame, limits: Validation = LIMITS) -> dict[str, list[str]]:
    """Return the messages of each broken rule."""
    rules = check(frame, SCHEMA, limits)
    return {r.name: [problem.message for problem in r.problems] for r in rules if r.problems}


def test_good_rows_break_no_rule(rows: pd.DataFrame) -> None:
    rules = check(rows, SCHEMA, LIMITS)
    assert len(rules) == 8
    assert not [problem for rule in rules for problem in rule.problems]


def test_the_bounds_of_a_range_belong_to_it(rows: pd.DataFrame) -> None:
    rows.loc[0, NAME], rows.loc[1, NAME] = FEATURE.low, FEATURE.high
    assert told(rows) == {}


def test_values_outside_a_range_are_counted_on_both_sides(rows: pd.DataFrame) -> None:
    above, below = FEATURE.high + 1, FEATURE.low - 1
    rows.loc[3, NAME], rows.loc[5, NAME], rows.loc[7, NAME] = above, below, np.inf
    bounds = f"{FEATURE.low:g} to {FEATURE.high:g}"
    examples = f"({below:g}, {above:g}, inf)"
    assert told(rows) == {"range": [f"{NAME}: 3 values outside {bounds} {examples}"]}


def test_every_broken_column_is_named_with_its_own_count(rows: pd.DataFrame) -> None:
    for count, feature in enumerate(SCHEMA.features, start=1):
        rows.loc[: count - 1, feature.name] = feature.high + 1
    rules = {rule.name: rule for rule in check(rows, SCHEMA, LIMITS)}
    found = {problem.column: problem.count for problem in rules["range"].problems}
    assert found == {name: i for i, name in enumerate(SCHEMA.feature_names, start=1)}


def test_missing_values_and_labels_are_counted(rows: pd.DataFrame) -> None:
    rows.loc[:1, NAME] = np.nan
    rows.loc[9, TARGET] = None
    expected = [f"{NAME}: 2 missing values", f"{TARGET}: 1 missing value"]
    assert told(rows) == {"missing": expected}


def test_text_among_numbers_is_counted(rows: pd.DataFrame) -> None:
    rows[NAME] = rows[NAME].astype(str)
    rows.loc[4, NAME] = "unknown"
    assert told(rows) == {"numbers": [f"{NAME}: 1 value not a number"]}


def test_numbers_written_as_text_are_not_numbers(rows: pd.DataFrame) -> None:
    rows[NAME] = rows[NAME].astype(str)
    assert told(rows) == {"numbers": [f"{NAME}: {len(rows)} values not a number"]}


def test_a_label_outside_the_classes_is_shown(rows: pd.DataFrame) -> None:
    rows.loc[:1, TARGET] = "no such class"
    message = f"{TARGET}: 2 values not a class of the schema ('no such class')"
    assert told(rows) == {"labels": [message]}


def test_a_rare_class_is_named_with_its_share(rows: pd.DataFrame) -> None:
    rare = SCHEMA.classes[0]
    few = pd.concat([rows[rows[TARGET] != rare], rows[rows[TARGET] == rare].head(1)])
    (message,) = told(few, Validation(minimum_rows=20, minimum_class_share=0.05))["balance"]
    assert message.startswith(f"{TARGET}: 1 row of class {rare!r} ({1 / len(few):.1%}), fewer")


def test_a_class_without_any_row_is_named(rows: pd.DataFrame) -> None:
    (message,) = told(rows[rows[TARGET] != SCHEMA.classes[0]])["balance"]
    assert f"0 rows of class {SCHEMA.classes[0]!r}" in message


def test_repeated_rows_are_counted_up_to_the_limit(rows: pd.DataFrame) -> None:
    again = pd.concat([rows, rows.head(3)], ignore_index=True)
    (message,) = told(again)["duplicates"]
    assert message.startswith("3 rows with the features of an earlier row")
    assert told(again, LIMITS.model_copy(update={"maximum_duplicates": 0.5})) == {}


def test_a_missing_column_is_told_alone(rows: pd.DataFrame) -> None:
    assert told(rows.drop(columns=NAME)) == {"columns": [f"{NAME}: the column is missing"]}


def test_a_column_too_many_does_not_hide_the_rest(rows: pd.DataFrame) -> None:
    rows.loc[0, NAME] = FEATURE.high + 1
    found = told(rows.assign(surplus=1))
    assert found["columns"] == ["surplus: the column is not in the schema"]
    assert "range" in found


def test_too_few_rows_are_counted(rows: pd.DataFrame) -> None:
    (message,) = told(rows.head(5), Validation(minimum_rows=6))["rows"]
    assert message == "5 rows, fewer than validate.minimum_rows = 6"


@pytest.mark.parametrize("size", [0, 1])
def test_almost_no_rows_are_an_answer_not_a_crash(rows: pd.DataFrame, size: int) -> None:
    assert "rows" in told(rows.head(size))
