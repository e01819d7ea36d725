import numpy as np
import pytest
from keras import layers

from {{cookiecutter.package_name}}.data.spec import Feature, Schema
from {{cookiecutter.package_name}}.model.network import Classifier, build
from {{cookiecutter.package_name}}.params import ModelParams

SHAPES = [(1,), (30,), (1, 1), (2, 100), (1, 8, 8), (3, 33, 7), (1, 4, 4, 4)]


def params(network: str, **changes: object) -> ModelParams:
    return ModelParams.model_validate({"network": network, "widths": [4, 6, 8]} | changes)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("network", ["cnn", "mlp"])
def test_both_networks_take_any_input_shape(network: str, shape: tuple[int, ...]) -> None:
    built = build(params(network), shape, 5)
    assert built(np.zeros((3, *shape), np.float32)).shape == (3, 5)


def test_a_table_is_convolved_along_its_columns() -> None:
    kinds = {type(layer) for layer in build(params("cnn"), (30,), 2).layers}
    assert layers.Conv1D in kinds
    assert layers.Conv2D not in kinds


def test_the_channels_of_an_image_are_its_first_axis() -> None:
    first, convolution, *_ = build(params("cnn"), (3, 10, 20), 2).layers
    assert first.output.shape == (None, 10, 20, 3)
    assert convolution.kernel.shape == (3, 3, 3, 4)


def test_each_block_halves_an_image_while_it_is_large_enough() -> None:
    network = build(params("cnn", widths=[4] * 5), (1, 32, 32), 2)
    pools = [layer for layer in network.layers if isinstance(layer, layers.MaxPooling2D)]
    assert len(pools) == 4
    assert network.layers[-1].kernel.shape == (4 * 2 * 2, 2)


@pytest.mark.parametrize("network", ["cnn", "mlp"])
def test_dropout_comes_from_the_params(network: str) -> None:
    built = build(params(network, dropout=0.3), (1, 8, 8), 2)
    assert {layer.rate for layer in built.layers if isinstance(layer, layers.Dropout)} == {0.3}


def test_a_classifier_gives_probabilities_of_raw_features() -> None:
    schema = Schema(tuple(Feature(f"x{i}", 0, 1) for i in range(4)), ("a", "b"), (4,))
    result = Classifier(params("mlp"), schema)(np.full((2, 4), 1e6, np.float32))
    assert result.numpy().sum(axis=1).tolist() == pytest.approx([1, 1])
