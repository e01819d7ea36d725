import numpy as np
import pandas as pd
import pytest

from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.data.spec import Feature, Schema
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.features import to_indices, to_tensor

IMAGE = Schema(
    tuple(Feature(name, 0, 9) for name in "abcd"), classes=("no", "yes"), input_shape=(1, 2, 2)
)


def test_columns_are_taken_by_name_in_the_order_of_the_schema() -> None:
    frame = pd.DataFrame({"d": [4], "extra": ["x"], "b": [2], "a": [1], "c": [3]})
    tensor = to_tensor(frame, IMAGE)
    assert tensor.tolist() == [[[[1, 2], [3, 4]]]]
    assert tensor.dtype == np.float32


def test_rows_of_the_project_become_its_tensor(rows: pd.DataFrame) -> None:
    assert to_tensor(rows, SCHEMA).shape == (len(rows), *SCHEMA.input_shape)
    assert set(to_indices(rows, SCHEMA)) == set(range(len(SCHEMA.classes)))


def test_the_tensor_is_the_callers_own() -> None:
    frame = pd.DataFrame(np.zeros((2, 4), dtype="float32"), columns=list("abcd"))
    to_tensor(frame, IMAGE)[:] = 5
    assert (frame == 0).all(axis=None)


def test_no_rows_keep_the_shape() -> None:
    assert to_tensor(pd.DataFrame(columns=list("abcd")), IMAGE).shape == (0, 1, 2, 2)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (pd.DataFrame({"a": [1], "b": [2]}), r"columns are missing: c, d \(2 in all\)"),
        (pd.DataFrame([["one", 2, 3, 4]], columns=list("abcd")), "not numeric"),
    ],
)
def test_rows_that_do_not_fit_are_refused(frame: pd.DataFrame, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        to_tensor(frame, IMAGE)


def test_labels_become_places_among_the_classes() -> None:
    frame = pd.DataFrame({"label": ["yes", "no", "yes"]})
    assert to_indices(frame, IMAGE).tolist() == [1, 0, 1]


def test_a_label_outside_the_classes_is_named() -> None:
    with pytest.raises(UserError, match="not in the schema: maybe"):
        to_indices(pd.DataFrame({"label": ["yes", "maybe"]}), IMAGE)
