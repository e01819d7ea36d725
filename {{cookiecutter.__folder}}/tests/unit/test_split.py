import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.data.spec import Feature, Schema
from {{cookiecutter.package_name}}.data.split import split, statistics
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.params import Split

TABLE = Schema((Feature("a", 0, 9), Feature("b", 0, 9)), ("no", "yes"), (2,))
SHARES = Split(validation=0.2, test=0.2)


@given(
    counts=st.tuples(st.integers(3, 60), st.integers(3, 60)),
    copies=st.integers(0, 30),
    seed=st.integers(0, 1000),
)
@settings(max_examples=50, deadline=None)
def test_no_row_is_in_two_splits_and_none_is_lost(
    counts: tuple[int, int], copies: int, seed: int
) -> None:
    total = sum(counts)
    labels = np.repeat(["no", "yes"], counts)
    frame = pd.DataFrame({"a": np.arange(total), "b": 1.0, "label": labels})
    again = frame.sample(n=copies, replace=True, random_state=seed)
    parts = split(pd.concat([frame, again]), TABLE, SHARES, seed)
    values = [value for part in parts.values() for value in part["a"]]
    assert sorted(values) == list(range(total))
    for part in parts.values():
        assert set(part["label"]) == {"no", "yes"}


def test_classes_have_their_share_of_each_split(rows: pd.DataFrame) -> None:
    parts = split(rows, SCHEMA, SHARES, seed=0)
    for name, count in (("train", 24), ("validation", 8), ("test", 8)):
        assert parts[name][SCHEMA.target].value_counts().to_dict() == dict.fromkeys(
            SCHEMA.classes, count
        )


def test_the_seed_decides(rows: pd.DataFrame) -> None:
    first, again, other = (split(rows, SCHEMA, SHARES, seed)["test"] for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_rows_that_a_model_cannot_tell_apart_count_as_one() -> None:
    values = np.concatenate([np.arange(1.0, 21.0), np.arange(1.0, 21.0) + 1e-12])
    frame = pd.DataFrame({"a": values, "b": 1.0, "label": ["no", "yes"] * 20})
    assert sum(map(len, split(frame, TABLE, SHARES, 0).values())) == 20


def test_a_class_with_too_few_rows_is_named() -> None:
    frame = pd.DataFrame({"a": range(12), "b": 0, "label": ["no"] * 10 + ["yes"] * 2})
    with pytest.raises(UserError, match="class 'yes' has 2 different rows, too few"):
        split(frame, TABLE, SHARES, 0)


def test_columns_outside_the_schema_do_not_come_along() -> None:
    frame = pd.DataFrame({"id": range(20), "b": 0, "a": range(20), "label": ["no", "yes"] * 10})
    part = split(frame, TABLE, SHARES, 0)["train"]
    assert list(part.columns) == ["a", "b", "label"]
    assert set(part.dtypes[["a", "b"]].astype(str)) == {"float32"}


def test_statistics_are_those_of_the_rows() -> None:
    found = statistics(pd.DataFrame({"a": [1.0, 3.0], "b": [5.0, 5.0]}), TABLE)
    assert found == {
        "rows": 2,
        "mean": 3.5,
        "std": pytest.approx(np.std([1, 3, 5, 5])),
        "features": {"a": {"mean": 2.0, "std": 1.0}, "b": {"mean": 5.0, "std": 0.0}},
    }
