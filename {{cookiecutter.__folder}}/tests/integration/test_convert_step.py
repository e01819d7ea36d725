"""Weights that leave a project come back as they were, in every framework."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from {{cookiecutter.package_name}}.__main__ import main
from {{cookiecutter.package_name}}.artifacts import sha256
from {{cookiecutter.package_name}}.data.prepared import read_split
from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.data.split import SPLITS
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.fitting import Unwatched, fit
from {{cookiecutter.package_name}}.model.conversion import from_state_dict, to_state_dict
from {{cookiecutter.package_name}}.model.export import probabilities
from {{cookiecutter.package_name}}.model.network import Classifier
from {{cookiecutter.package_name}}.model.training import load, save
from {{cookiecutter.package_name}}.params import ModelParams, load_params
from {{cookiecutter.package_name}}.steps import select
from {{cookiecutter.package_name}}.tensors import read_tensors, write_tensors

MODELS = {
    "small": {"network": "cnn", "widths": [4, 6], "epochs": 2},
    "flat": {"network": "mlp", "widths": [8], "epochs": 2},
}
WEIGHTS = Path("out/weights.safetensors")


@pytest.fixture(autouse=True)
def candidate(folder: Path, rows: pd.DataFrame) -> Classifier:
    """Return what lies there as the weights of `small`; `flat` has none."""
    Path("params.yaml").write_text(yaml.safe_dump({"models": MODELS}))
    Path("data/prepared").mkdir(parents=True)
    for split in SPLITS:
        rows.to_parquet(f"data/prepared/{split}.parquet")
    model = Classifier(params("small"), SCHEMA)
    model.preprocessing.fit(read_split("train")[0])
    save(model, "models/candidates/small")
    return model


def params(name: str) -> ModelParams:
    return load_params().models[name]


def convert(*words: str | Path, model: str = "small") -> int:
    return main(["convert", "--model", model, *map(str, words)])


def bits(model: Classifier) -> dict[str, bytes]:
    return {name: values.tobytes() for name, values in to_state_dict(model).items()}


@pytest.mark.parametrize("name", MODELS)
def test_a_state_dict_moves_into_another_model_bit_for_bit(name: str) -> None:
    train = read_split("train")
    one = fit(name, params(name), SCHEMA, train, train, 1, Unwatched()).model
    other = Classifier(params(name), SCHEMA)
    assert bits(other) != bits(one)
    from_state_dict(other, to_state_dict(one))
    assert bits(other).keys() == bits(one).keys()
    # How many batches a norm has seen changes no answer, and not every framework counts them.
    assert all(
        bits(other)[tensor] == values
        for tensor, values in bits(one).items()
        if not tensor.endswith("num_batches_tracked")
    )
    assert np.array_equal(probabilities(other, train[0]), probabilities(one, train[0]))


def test_the_file_bears_pytorchs_names_and_layouts() -> None:
    assert convert("--to", WEIGHTS) == 0
    shapes = {name: values.shape for name, values in read_tensors(WEIGHTS).items()}
    convolutions = [shape for shape in shapes.values() if len(shape) > 2 and shape[0] == 6]
    assert [shape[1] for shape in convolutions] == [4]
    assert {"preprocessing.mean", "preprocessing.scale"} <= set(shapes)
    counts = [shape for name, shape in shapes.items() if name.endswith("num_batches_tracked")]
    assert counts == [(), ()]


def test_what_was_written_comes_back_with_its_figures_and_its_origin(candidate: Classifier) -> None:
    convert("--to", WEIGHTS)
    Path("models/candidates/small").rename("models/candidates/old")
    Path("reports/small").mkdir(parents=True)
    Path("reports/small/learning_curve.csv").write_text("of other weights")
    assert convert("--from", WEIGHTS) == 0
    inputs, labels = read_split("validation")
    answers = probabilities(load("models/candidates/small", params("small"), SCHEMA), inputs)
    assert np.array_equal(answers, probabilities(candidate, inputs))
    figures = json.loads(Path("reports/small/validation.json").read_text())
    assert figures["accuracy"] == pytest.approx((answers.argmax(axis=1) == labels).mean())
    assert figures["imported"] == {"file": "weights.safetensors", "sha256": sha256(WEIGHTS)}
    assert not Path("reports/small/learning_curve.csv").exists()


def test_a_champion_says_where_it_was_imported_from() -> None:
    convert("--to", WEIGHTS)
    convert("--from", WEIGHTS)
    settings = load_params()
    select.run(settings.model_copy(update={"models": {"small": settings.models["small"]}}))
    champion = json.loads(Path("models/champion.json").read_text())
    assert champion["imported"]["sha256"] == sha256(WEIGHTS)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"preprocessing.scale": None}, r"missing: preprocessing\.scale"),
        ({"preprocessing.mean": np.zeros(99, np.float32)}, r"preprocessing\.mean \(99,\), not "),
        ({"theirs": np.zeros(1, np.float32)}, "unknown: theirs"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(
    change: dict[str, np.ndarray | None], complaint: str, candidate: Classifier
) -> None:
    state = {**to_state_dict(candidate), **change}
    with pytest.raises(UserError, match=complaint):
        from_state_dict(candidate, {k: v for k, v in state.items() if v is not None})


def test_a_refused_file_leaves_the_candidate_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    file = next(Path("models/candidates/small").iterdir())
    before = file.read_bytes()
    write_tensors(WEIGHTS, {"theirs": np.zeros(3, np.float32)})
    assert convert("--from", WEIGHTS) == 2
    assert "unknown: theirs" in capsys.readouterr().err
    assert file.read_bytes() == before
    assert not Path("reports/small").exists()


@pytest.mark.parametrize("direction", ["--to", "--from"])
def test_a_file_of_another_kind_is_refused_with_those_that_are_taken(
    direction: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(direction, "weights.pickle") == 2
    assert "weights.pickle: its suffix has to be .safetensors, " in capsys.readouterr().err


def test_a_model_that_was_not_trained_has_nothing_to_give(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert convert("--to", WEIGHTS, model="flat") == 2
    assert "is missing: run `make pipeline`" in capsys.readouterr().err
    assert not WEIGHTS.exists()


def test_a_model_that_params_do_not_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert convert("--to", WEIGHTS, model="other") == 2
    assert "params.yaml names no model 'other', only flat, small" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--to", "a.safetensors", "--from", "b.safetensors"]])
def test_one_direction_has_to_be_said(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        convert(*words)
    assert ended.value.code == 2
