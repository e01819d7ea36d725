import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_model import rows, write_model

from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.data.spec import Feature, Schema
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.predictor import InvalidInput, Predictor
from {{cookiecutter.package_name}}.predictor import ReloadingPredictor as Reloading

TABLE = Schema((Feature("age", 0, 120), Feature("size", -1, 0.3)), ("no", "yes"), (2,))


@pytest.fixture
def table(tmp_path: Path) -> Predictor:
    write_model(tmp_path, schema=TABLE)
    return Predictor(tmp_path, maximum_rows=4)


def test_lists_and_arrays_give_the_same_tensor(tmp_path: Path) -> None:
    write_model(tmp_path)
    predictor = Predictor(tmp_path)
    array = rows(3)
    np.testing.assert_array_equal(predictor.validate(array.tolist()), array)
    np.testing.assert_array_equal(predictor.validate(array.astype(np.float64)), array)
    assert predictor.validate(array.tolist()).dtype == np.float32


def test_probabilities_sum_to_one_and_labels_are_the_largest(tmp_path: Path) -> None:
    write_model(tmp_path)
    predictor = Predictor(tmp_path)
    probabilities = predictor.probabilities(predictor.validate(rows(5)))
    assert probabilities.shape == (5, len(SCHEMA.classes))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    best = [SCHEMA.classes[row.tolist().index(row.max())] for row in probabilities]
    assert predictor.labels(probabilities) == best


def test_bounds_belong_to_the_range(table: Predictor) -> None:
    assert table.validate([[0, -1], [120, 0.3]]).shape == (2, 2)
    assert table.validate(np.asarray([[120, 0.3]])).shape == (1, 2)


@pytest.mark.parametrize(
    ("values", "field", "expected", "got"),
    [
        ([], "inputs", "1 to 4 rows", "0 rows"),
        ([[1, 0]] * 5, "inputs", "1 to 4 rows", "5 rows"),
        ([1, 0], "inputs[0]", "a list of 2", "1"),
        ([[1, 0], [1]], "inputs[1]", "a list of 2", "a list of 1"),
        ([[1, [0]]], "inputs[0][1]", "a number", "a list of 1"),
        ([[1, "0"]], "inputs[0][1]", "a number", "'0'"),
        ([[True, 0]], "inputs[0][0]", "a number", "true"),
        ([[None, 0]], "inputs[0][0]", "a number", "null"),
        ([[1, {}]], "inputs[0][1]", "a number", "an object of 0"),
        ([[121, 0]], "inputs[0][0]", "age, a finite number from 0 to 120", "121"),
        ([[1, float("nan")]], "inputs[0][1]", "size, a finite number from -1 to 0.3", "nan"),
        ([[float("inf"), 0]], "inputs[0][0]", "age, a finite number from 0 to 120", "inf"),
        ([[1e39, 0]], "inputs[0][0]", "age, a finite number from 0 to 120", "1e+39"),
        ([[-(10**400), 0]], "inputs[0][0]", "age, a finite number from 0 to 120", "a number of"),
        ("rows", "inputs", "a list of rows", "'rows'"),
        ({}, "inputs", "a list of rows", "an object of 0"),
        (np.zeros((2, 2, 1)), "inputs", "shape (n, 2)", "shape (2, 2, 1)"),
        (np.zeros(2), "inputs", "shape (n, 2)", "shape (2,)"),
        (np.float32(1), "inputs", "a list of rows", "np.float32(1.0)"),
        (np.zeros((1, 2), bool), "inputs", "numbers", "bool"),
        (np.asarray([["1", "0"]]), "inputs", "numbers", "<U1"),
        (np.asarray([[1, 2j]]), "inputs", "numbers", "complex128"),
        (np.full((1, 2), np.nan), "inputs[0][0]", "age, a finite number from 0 to 120", "nan"),
    ],
)
def test_bad_values_are_refused_by_name(
    table: Predictor, values: Any, field: str, expected: str, got: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        table.validate(values)
    assert (caught.value.field, caught.value.expected) == (field, expected)
    assert caught.value.got.startswith(got)


@pytest.mark.parametrize("name", ["model.json", "model.onnx"])
def test_a_missing_file_names_the_cure(tmp_path: Path, name: str) -> None:
    write_model(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(UserError, match=rf"{name} is missing: run `make pipeline`"):
        Predictor(tmp_path)


def test_a_model_that_is_not_the_tested_one_is_not_served(tmp_path: Path) -> None:
    write_model(tmp_path)
    with (tmp_path / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(UserError, match="not the file that model"):
        Predictor(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"id": "x"}'])
def test_a_broken_description_names_the_cure(tmp_path: Path, text: str) -> None:
    write_model(tmp_path)
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(UserError, match="make pipeline"):
        Predictor(tmp_path)


def test_a_graph_that_does_not_fit_its_schema_is_found_at_the_start(tmp_path: Path) -> None:
    write_model(tmp_path)
    about = json.loads((tmp_path / "model.json").read_text())
    about["schema"]["input_shape"].append(1)
    (tmp_path / "model.json").write_text(json.dumps(about))
    with pytest.raises(UserError, match="cannot run"):
        Predictor(tmp_path)


def test_a_new_model_is_taken_up_under_load(tmp_path: Path) -> None:
    old = write_model(tmp_path, seed=1)
    models = Reloading(tmp_path, every=0.01)
    seen: set[str] = set()
    errors: list[Exception] = []
    stop = threading.Event()
    array = rows(1)

    def ask() -> None:
        while not stop.is_set():
            model = models.current
            try:
                model.probabilities(model.validate(array))
            except Exception as error:
                errors.append(error)
            seen.add(model.id)

    clients = [threading.Thread(target=ask) for _ in range(3)]
    for client in clients:
        client.start()
    new = write_model(tmp_path, seed=2)
    _wait_for(lambda: new in seen)
    stop.set()
    for client in clients:
        client.join()
    models.close()
    assert seen == {old, new}
    assert not errors


def test_a_half_written_pair_leaves_the_old_model_at_work(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old = write_model(tmp_path / "served", seed=1)
    new = write_model(tmp_path / "new", seed=2)
    models = Reloading(tmp_path / "served", every=3600)
    (tmp_path / "served/model.json").write_bytes((tmp_path / "new/model.json").read_bytes())
    models.refresh()
    assert models.current.id == old
    assert f"still serving {old}" in caplog.text
    (tmp_path / "served/model.onnx").write_bytes((tmp_path / "new/model.onnx").read_bytes())
    models.refresh()
    assert models.current.id == new
    models.close()


def test_a_model_that_is_taken_away_stays_at_work(tmp_path: Path) -> None:
    old = write_model(tmp_path)
    models = Reloading(tmp_path, every=3600)
    (tmp_path / "model.json").unlink()
    (tmp_path / "model.onnx").unlink()
    models.refresh()
    assert models.current.id == old
    models.close()


def _wait_for(condition: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
