import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_model import rows, write_model

from {{cookiecutter.package_name}} import protocol
from {{cookiecutter.package_name}}.data.spec import Feature, Schema
from {{cookiecutter.package_name}}.predictor import InvalidInput, Predictor

SCHEMA = Schema((Feature("a", 0, 10), Feature("b", -5, 5)), ("no", "yes"), (2,))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
)


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    folder: Path = tmp_path_factory.mktemp("models")
    write_model(folder, schema=SCHEMA)
    return Predictor(folder, maximum_rows=8)


def test_json_and_floats_are_read_alike(predictor: Predictor) -> None:
    array = rows(3, schema=SCHEMA)
    body = json.dumps({"inputs": array.tolist()}).encode()
    np.testing.assert_array_equal(protocol.read("application/json", body, predictor), array)
    floats = array.astype("<f4").tobytes()
    np.testing.assert_array_equal(protocol.read(protocol.FLOATS, floats, predictor), array)


@pytest.mark.parametrize(
    ("body", "field", "got"),
    [
        (b"", "body", "Input is a zero-length"),
        (b"inputs", "body", "unexpected character"),
        (b"[]", "body", "a list of 0"),
        (b"null", "body", "null"),
        (b"{}", "inputs", "no such key"),
        (b'{"inputs": [[1, 2]], "x": 1}', "'x'", "an unknown key"),
        (b'{"inputs": [[1, 2]], "inputs": [[1, 2]]}', "inputs", "the key more than once"),
        (rb'{"inputs": [[1, 2]], "\u0069nputs": [[1, 2]]}', "inputs", "the key more than once"),
        (b'{"inputs": [[1, NaN]]}', "inputs[0][1]", "nan"),
        (b'{"inputs": [[-Infinity, 1]]}', "inputs[0][0]", "-inf"),
        (b'{"inputs": [[1e999, 1]]}', "inputs[0][0]", "inf"),
        (b'{"inputs": [[1, 1e300]]}', "inputs[0][1]", "1e+300"),
        (b'{"inputs": [[' + b"9" * 500 + b", 1]]}", "inputs[0][0]", "a number of more than"),
        (b'{"inputs": [[' + b"9" * 5000 + b", 1]]}", "body", "number is infinity"),
        (b'{"inputs": [[1, true]]}', "inputs[0][1]", "true"),
        (b'{"inputs": [[1, null]]}', "inputs[0][1]", "null"),
        (b'{"inputs": [[1, "2"]]}', "inputs[0][1]", "'2'"),
        (b'{"inputs": [1, 2]}', "inputs[0]", "1"),
        (b'{"inputs": [[1, 2], [1]]}', "inputs[1]", "a list of 1"),
        (b'{"inputs": [[1, 11]]}', "inputs[0][1]", "11"),
        (b'{"inputs": ' + b"[" * 900 + b"]" * 900 + b"}", "inputs[0]", "a list of 1"),
        (b"[" * 100_000, "body", "depth limit"),
        (b'{"inputs": [["\xff", 1]]}', "body", "str is not valid UTF-8"),
        (rb'{"inputs": [["\ud800", 1]]}', "body", "no low surrogate"),
        ('{"inputs": [[1, 2]]}'.encode("utf-16"), "body", "str is not valid UTF-8"),
        (b'\xef\xbb\xbf{"inputs": [[1, 2]]}', "body", "UTF-8 byte order mark"),
    ],
)
def test_a_bad_body_is_refused_by_name(
    predictor: Predictor, body: bytes, field: str, got: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        protocol.read_json(body, predictor)
    assert caught.value.field == field
    assert caught.value.got.startswith(got)


@pytest.mark.parametrize("body", [b"", b"1234567", b"123456789"])
def test_floats_of_odd_length_are_refused(predictor: Predictor, body: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"8 bytes for each row, got \d bytes"):
        protocol.read_floats(body, predictor)


def test_floats_that_are_not_finite_are_refused(predictor: Predictor) -> None:
    with pytest.raises(InvalidInput, match=r"inputs\[1\]\[0\]: expected a, .* got nan"):
        protocol.read_floats(np.asarray([1, 2, np.nan, 1], "<f4").tobytes(), predictor)


@given(body=st.binary(max_size=200))
def test_no_bytes_do_worse_than_a_refusal(predictor: Predictor, body: bytes) -> None:
    _read_or_refuse(body, predictor)
    with suppress(InvalidInput):
        protocol.read_floats(body, predictor)


@given(value=JSON_VALUES, key=st.sampled_from(["inputs", "x"]))
def test_no_json_does_worse_than_a_refusal(predictor: Predictor, value: object, key: str) -> None:
    _read_or_refuse(json.dumps({key: value}).encode(), predictor)
    _read_or_refuse(json.dumps(value).encode(), predictor)


@given(st.lists(st.lists(st.integers(-2, 12) | st.booleans(), max_size=3), max_size=9))
def test_what_is_accepted_is_what_was_sent(predictor: Predictor, values: list[list[int]]) -> None:
    body = json.dumps({"inputs": values}).encode()
    good = 1 <= len(values) <= 8 and all(
        len(row) == 2 and bool not in map(type, row) and 0 <= row[0] <= 10 and -5 <= row[1] <= 5
        for row in values
    )
    array = _read_or_refuse(body, predictor)
    assert (array is not None) == good
    assert array is None or array.tolist() == values


@pytest.mark.parametrize(
    ("error", "status"),
    [(InvalidInput, 400), (protocol.BodyTooLarge, 413), (protocol.UnknownMediaType, 415)],
)
def test_a_refusal_says_field_expected_and_got(error: type[InvalidInput], status: int) -> None:
    code, body = protocol.refusal(error("inputs[0]", "a", "b"))
    assert code == status
    assert json.loads(body) == {"error": {"field": "inputs[0]", "expected": "a", "got": "b"}}


def _read_or_refuse(body: bytes, predictor: Predictor) -> np.ndarray | None:
    try:
        return protocol.read_json(body, predictor)
    except InvalidInput as error:
        status, text = protocol.refusal(error)
    assert status == 400
    assert set(json.loads(text)["error"]) == {"field", "expected", "got"}
    return None
