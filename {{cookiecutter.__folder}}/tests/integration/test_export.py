"""What every framework's `model.export` promises: one graph, from raw features to probabilities."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from {{cookiecutter.package_name}}.data.spec import Feature, Schema
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.fitting import FitResult, Unwatched, fit
from {{cookiecutter.package_name}}.model.export import export, probabilities
from {{cookiecutter.package_name}}.params import ModelParams
from {{cookiecutter.package_name}}.predictor import open_session
from {{cookiecutter.package_name}}.steps.export import difference


def trained(network: str, shape: tuple[int, ...], inputs: np.ndarray) -> tuple[FitResult, Schema]:
    params = ModelParams.model_validate({"network": network, "widths": [4, 8], "epochs": 2})
    features = tuple(Feature(f"x{i}", -1e6, 1e6) for i in range(int(np.prod(shape))))
    schema = Schema(features, ("a", "b", "c"), shape)
    rows = (inputs, np.arange(len(inputs)) % 3)
    return fit("small", params, schema, rows, rows, 0, Unwatched()), schema


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def raw(shape: tuple[int, ...], number: int = 50) -> np.ndarray:
    values = np.random.default_rng(0).normal(1000, 300, size=(number, *shape))
    return values.astype(np.float32)


@pytest.mark.parametrize("shape", [(30,), (2,), (1, 8, 8), (3, 5, 7), (2, 40)])
@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_the_graph_answers_like_the_framework(
    network: str, shape: tuple[int, ...], folder: Path
) -> None:
    inputs = raw(shape)
    result, schema = trained(network, shape, inputs)
    export(result.model, schema, folder / "model.onnx")
    answers = [(part, probabilities(result.model, part)) for part in (inputs[:1], inputs)]
    assert difference(folder / "model.onnx", answers) <= 1e-5


def test_the_graph_has_the_names_and_the_free_batch_that_servers_rely_on(folder: Path) -> None:
    result, schema = trained("cnn", (1, 8, 8), raw((1, 8, 8)))
    export(result.model, schema, folder / "model.onnx")
    session = open_session(folder / "model.onnx")
    (given,), (got,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type, given.shape) == ("inputs", "tensor(float)", ["batch", 1, 8, 8])
    assert (got.name, got.shape) == ("probabilities", ["batch", 3])
    sums = session.run(None, {"inputs": raw((1, 8, 8), 7)})[0].sum(axis=1)
    assert sums == pytest.approx(np.ones(7), abs=1e-6)
    onnx.checker.check_model(str(folder / "model.onnx"), full_check=True)


def test_a_feature_that_never_changed_in_training_does_not_blow_up(folder: Path) -> None:
    inputs = raw((4,))
    inputs[:, 1] = 0.1
    result, schema = trained("mlp", (4,), inputs)
    export(result.model, schema, folder / "model.onnx")
    changed = inputs.copy()
    changed[:, 1] += 0.05
    answers = open_session(folder / "model.onnx").run(None, {"inputs": changed})[0]
    assert np.abs(answers - probabilities(result.model, inputs)).max() < 0.1


@pytest.mark.parametrize("wrong", [0.001, np.nan])
def test_a_graph_that_answers_differently_is_refused(wrong: float, folder: Path) -> None:
    inputs = raw((4,))
    result, schema = trained("mlp", (4,), inputs)
    export(result.model, schema, folder / "model.onnx")
    answers = probabilities(result.model, inputs)
    answers[3, 1] += wrong
    with pytest.raises(UserError, match="differs from the trained model"):
        difference(folder / "model.onnx", [(inputs, answers)])
