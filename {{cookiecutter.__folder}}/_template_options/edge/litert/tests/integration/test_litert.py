"""What goes to a phone or a board answers as the framework does, float and int8."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ai_edge_litert.interpreter import Interpreter

from {{cookiecutter.package_name}}.artifacts import sha256
from {{cookiecutter.package_name}}.data.prepared import read_split
from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.data.spec import Feature, Schema
from {{cookiecutter.package_name}}.data.split import SPLITS
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.fitting import Unwatched, fit
from {{cookiecutter.package_name}}.litert import LiteModel
from {{cookiecutter.package_name}}.litert_int8 import quantise
from {{cookiecutter.package_name}}.model.export import probabilities
from {{cookiecutter.package_name}}.model.lite import convert
from {{cookiecutter.package_name}}.model.network import Classifier
from {{cookiecutter.package_name}}.model.training import save
from {{cookiecutter.package_name}}.params import ModelParams, Params
from {{cookiecutter.package_name}}.steps import edge, evaluate, export

Rows = tuple[np.ndarray, np.ndarray]


def trained(network: str, rows: Rows, classes: int = 3, epochs: int = 2) -> Classifier:
    params = ModelParams(network=network, widths=(8, 8), epochs=epochs, learning_rate=0.01)  # type: ignore[arg-type]
    return fit("small", params, schema(rows[0], classes), rows, rows, 0, Unwatched()).model


def schema(inputs: np.ndarray, classes: int = 3) -> Schema:
    features = tuple(Feature(f"x{i}", -1e9, 1e9) for i in range(inputs[0].size))
    return Schema(features, tuple("abcdefgh"[:classes]), inputs.shape[1:])


def drawn(shape: tuple[int, ...], number: int = 60) -> Rows:
    """Draw raw inputs of which each class has more than the one before."""
    labels = np.arange(number) % 3
    noise = np.random.default_rng(0).normal(1000, 300, size=(number, *shape))
    shift = 300 * labels.reshape(-1, *(1 for _ in shape))
    return (noise + shift).astype(np.float32), labels


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("shape", [(30,), (1, 8, 8), (3, 5, 7)])
@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_both_files_take_a_row_and_answer_like_the_framework(
    network: str, shape: tuple[int, ...]
) -> None:
    rows = drawn(shape)
    model = trained(network, rows)
    expected = probabilities(model, rows[0])
    whole = convert(model, schema(rows[0]))
    small = quantise(whole, rows[0])
    for content, tolerance in ((whole, 1e-5), (small, 0.05)):
        runner = Interpreter(model_content=content).get_signature_runner()
        ((given, taken),) = runner.get_input_details().items()
        ((got, answer),) = runner.get_output_details().items()
        assert (given, taken["shape"].tolist()) == ("inputs", [1, *shape])
        assert (got, answer["shape"].tolist()) == ("probabilities", [1, 3])
        assert taken["dtype"] == answer["dtype"] == np.float32
        np.testing.assert_allclose(
            LiteModel(content).probabilities(rows[0]), expected, atol=tolerance
        )
    assert integers(small) > integers(whole)


def integers(content: bytes) -> int:
    """Count the tensors of 8-bit integers."""
    return sum(
        tensor["dtype"] == np.int8
        for tensor in Interpreter(model_content=content).get_tensor_details()
    )


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_int8_still_sees_a_column_a_million_times_smaller_than_another(network: str) -> None:
    inputs = np.random.default_rng(0).normal(0, [1e6, 1, 1e6, 1e6], size=(400, 4))
    labels = (inputs[:, 1] > 0).astype(np.int64)
    rows = inputs.astype(np.float32), labels
    model = trained(network, rows, classes=2, epochs=30)
    whole = convert(model, schema(rows[0], 2))
    answers = LiteModel(quantise(whole, rows[0])).probabilities(rows[0])
    assert (LiteModel(whole).probabilities(rows[0]).argmax(axis=1) == labels).mean() > 0.95
    assert (answers.argmax(axis=1) == labels).mean() > 0.95


@pytest.mark.usefixtures("folder")
def test_a_column_that_never_changed_in_training_does_not_blow_up() -> None:
    inputs, labels = drawn((4,))
    inputs[:, 1] = 0.1
    whole = convert(trained("mlp", (inputs, labels)), schema(inputs))
    changed = inputs.copy()
    changed[:, 1] += 0.05
    for content in (whole, quantise(whole, inputs)):
        model = LiteModel(content)
        gap = np.abs(model.probabilities(changed) - model.probabilities(inputs)).max()
        assert gap < 0.1


@pytest.mark.usefixtures("folder")
def test_the_order_of_the_rows_does_not_change_the_scales_of_int8() -> None:
    inputs, labels = drawn((4,))
    whole = convert(trained("mlp", (inputs, labels)), schema(inputs))
    order = np.argsort(labels, kind="stable")
    assert quantise(whole, inputs[order]) == quantise(whole, inputs[order[::-1]])


@pytest.mark.usefixtures("folder")
def test_a_row_of_another_shape_is_refused() -> None:
    inputs, labels = drawn((4,))
    model = LiteModel(convert(trained("mlp", (inputs, labels)), schema(inputs)))
    for wrong in (inputs[0], inputs[:, :3], inputs[:0]):
        with pytest.raises(ValueError, match=r"expected inputs of shape \(n, 4\), got"):
            model.probabilities(wrong)


def params(**settings: object) -> Params:
    models = {"wide": {"network": "mlp", "widths": [64, 64], "epochs": 10}}
    limits = {"minimum_accuracy": 0.5}
    return Params.model_validate({"models": models, "export": settings, "evaluate": limits})


@pytest.fixture
def _prepared(folder: Path, rows: pd.DataFrame) -> None:
    """Hold the same rows as every split."""
    Path("data/prepared").mkdir(parents=True)
    for split in SPLITS:
        rows.to_parquet(f"data/prepared/{split}.parquet")


def train(seed: int = 0) -> None:
    splits = read_split("train"), read_split("validation")
    result = fit("wide", params().models["wide"], SCHEMA, *splits, seed, Unwatched())
    save(result.model, "models/candidates/wide")


def run_pipeline(settings: Params) -> None:
    train()
    Path("models/champion.json").write_text(json.dumps({"model": "wide"}))
    export.run(settings)
    evaluate.run(settings)


def written() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path("models/edge").iterdir()}


@pytest.mark.usefixtures("_prepared")
def test_the_step_writes_two_files_and_what_they_are() -> None:
    run_pipeline(params())
    edge.run(params(maximum_drop=0.2))
    assert set(written()) == {"model.tflite", "model.int8.tflite", "model.json"}
    about = json.loads(written()["model.json"])
    assert about["id"] == json.loads(Path("models/model.json").read_text())["id"]
    assert Schema.from_dict(about["schema"]) == SCHEMA
    inputs, labels = read_split("test")
    for name, described in about["files"].items():
        path = Path("models/edge", name)
        assert (described["sha256"], described["bytes"]) == (sha256(path), path.stat().st_size)
        found = LiteModel(path).probabilities(inputs).argmax(axis=1)
        assert described["accuracy"]["test"] == pytest.approx((found == labels).mean(), abs=1e-6)
    whole, small = about["files"].values()
    assert small["bytes"] < whole["bytes"] / 2
    assert max(whole["largest_difference"].values()) <= 1e-5


@pytest.mark.usefixtures("_prepared")
def test_int8_that_costs_too_much_leaves_the_old_files(monkeypatch: pytest.MonkeyPatch) -> None:
    run_pipeline(params())
    edge.run(params(maximum_drop=0.2))
    before = written()
    # Rows from which scales follow that leave nothing of a real one.
    monkeypatch.setattr(edge, "calibration", lambda: read_split("train")[0] * 1e6)
    with pytest.raises(UserError, match=r"int8.* costs .* more than export\.maximum_drop 0 "):
        edge.run(params(maximum_drop=0))
    assert written() == before


@pytest.mark.usefixtures("_prepared")
@pytest.mark.parametrize("wrong", [0.001, np.nan])
def test_a_file_that_answers_unlike_the_framework_is_refused(
    wrong: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def others(model: Classifier, inputs: np.ndarray) -> np.ndarray:
        return probabilities(model, inputs) + wrong

    run_pipeline(params())
    monkeypatch.setattr(edge, "probabilities", others)
    with pytest.raises(UserError, match="differs from the trained model by"):
        edge.run(params())
    assert not Path("models/edge").exists()


@pytest.mark.usefixtures("_prepared")
def test_a_graph_that_is_served_in_int8_is_no_obstacle() -> None:
    settings = params(int8=True, maximum_drop=0.2)
    run_pipeline(settings)
    edge.run(settings)
    whole = json.loads(written()["model.json"])["files"]["model.tflite"]
    assert max(whole["largest_difference"].values()) <= 1e-5


@pytest.mark.usefixtures("_prepared")
@pytest.mark.parametrize("int8", [False, True])
def test_a_network_that_was_trained_after_the_evaluation_is_refused(int8: bool) -> None:
    settings = params(int8=int8, maximum_drop=0.2)
    run_pipeline(settings)
    train(seed=1)
    with pytest.raises(UserError, match="a network was trained since: run `make pipeline`"):
        edge.run(settings)
    assert not Path("models/edge").exists()


@pytest.mark.usefixtures("_prepared")
@pytest.mark.parametrize("change", [{"name": "other"}, {"sha256": "0" * 64}])
def test_a_description_of_another_model_is_refused(change: dict[str, str]) -> None:
    run_pipeline(params())
    about = json.loads(Path("models/model.json").read_text())
    Path("models/model.json").write_text(json.dumps(about | change))
    with pytest.raises(UserError, match="run `make pipeline`"):
        edge.run(params())
    assert not Path("models/edge").exists()


@pytest.mark.usefixtures("_prepared")
def test_a_network_that_no_tflite_file_can_hold_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(model: Classifier, schema: Schema) -> bytes:
        raise RuntimeError("no operation")

    run_pipeline(params())
    monkeypatch.setattr(edge, "convert", fail)
    with pytest.raises(UserError, match=r"take another network in params\.yaml \(no op"):
        edge.run(params())
