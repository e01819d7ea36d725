"""The files of Keras and TensorFlow that `convert` reads and writes."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from {{cookiecutter.package_name}}.data.spec import Feature, Schema
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.model.conversion import read, to_state_dict, write
from {{cookiecutter.package_name}}.model.network import Classifier
from {{cookiecutter.package_name}}.params import ModelParams

SCHEMA = Schema(tuple(Feature(f"x{i}", -9, 9) for i in range(64)), ("a", "b"), (1, 8, 8))
NAMES = ["w.weights.h5", "w.ckpt", "ckpt-3"]
PARAMS = {"network": "cnn", "widths": [4, 6], "dropout": 0.1}


def classifier(seed: int = 0, **changes: object) -> Classifier:
    keras.utils.set_random_seed(seed)
    made = Classifier(ModelParams.model_validate(PARAMS | changes), SCHEMA)
    random = np.random.default_rng(seed)
    made.preprocessing.fit(random.normal(size=(9, 1, 8, 8)))
    return made


def same(one: Classifier, other: Classifier) -> bool:
    return all(
        np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True)
    )


@pytest.mark.parametrize("name", NAMES)
def test_what_was_written_is_read(name: str, tmp_path: Path) -> None:
    one, other = classifier(0), classifier(1)
    assert not same(one, other)
    write(one, tmp_path / "new" / name)
    file = read(other, tmp_path / "new" / name)
    assert same(one, other)
    assert file.is_file()
    hidden = [path.name for path in (tmp_path / "new").iterdir() if path.name[0] in ".t"]
    assert hidden == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "change", [{"widths": [4]}, {"widths": [4, 6, 6]}, {"widths": [4, 7]}, {"network": "mlp"}]
)
def test_weights_of_another_network_are_refused(
    name: str, change: dict[str, object], tmp_path: Path
) -> None:
    write(classifier(), tmp_path / name)
    with pytest.raises(UserError, match=f"{name} does not hold the weights of this network"):
        read(classifier(1, **change), tmp_path / name)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"{name}(\.index)? is missing"):
        read(classifier(), tmp_path / name)


@pytest.mark.parametrize("name", NAMES)
def test_half_a_file_is_refused(name: str, tmp_path: Path) -> None:
    write(classifier(), tmp_path / name)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(UserError, match=f"{name} does not hold the weights"):
        read(classifier(1), tmp_path / name)


def test_a_checkpoint_may_hold_an_optimizer_too(tmp_path: Path) -> None:
    model = classifier()
    optimizer = keras.optimizers.AdamW()
    optimizer.build(model.trainable_variables)
    path = tf.train.Checkpoint(optimizer=optimizer, model=model).save(str(tmp_path / "theirs"))
    other = classifier(1)
    read(other, Path(path))
    assert same(model, other)


def test_a_checkpoint_whose_network_only_begins_like_this_one_is_refused(tmp_path: Path) -> None:
    longer = classifier(network="mlp", widths=[2, 2])
    write(longer, tmp_path / "w.ckpt")
    with pytest.raises(UserError, match="it holds 8 tensors of a model, not 6"):
        read(classifier(network="mlp", widths=[2]), tmp_path / "w.ckpt")


def test_tensorflow_reads_the_checkpoint_without_this_project(tmp_path: Path) -> None:
    model = classifier()
    write(model, tmp_path / "w.ckpt")
    other = classifier(1)
    tf.train.Checkpoint(model=other).read(str(tmp_path / "w.ckpt")).assert_consumed()
    assert same(model, other)


def test_a_network_of_ones_own_is_refused_by_the_name_of_its_layer() -> None:
    model = classifier()
    layer = keras.layers.GRU(2, name="memory")
    model.network = keras.Sequential([keras.Input((4, 3)), layer])
    with pytest.raises(UserError, match=r"layer 'memory' \(GRU\) has no conversion to PyTorch"):
        to_state_dict(model)
