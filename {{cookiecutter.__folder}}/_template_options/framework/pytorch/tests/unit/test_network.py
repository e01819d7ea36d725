import pytest
import torch
from torch import nn

from {{cookiecutter.package_name}}.data.spec import Feature, Schema
from {{cookiecutter.package_name}}.model.network import Classifier, build
from {{cookiecutter.package_name}}.params import ModelParams

SHAPES = [(1,), (30,), (1, 1), (2, 100), (1, 8, 8), (3, 33, 7), (1, 4, 4, 4)]


def params(network: str, **changes: object) -> ModelParams:
    return ModelParams.model_validate({"network": network, "widths": [4, 6, 8]} | changes)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("network", ["cnn", "mlp"])
def test_both_networks_take_any_input_shape(network: str, shape: tuple[int, ...]) -> None:
    built = build(params(network), shape, 5).eval()
    assert built(torch.zeros(3, *shape)).shape == (3, 5)


def test_a_table_is_convolved_along_its_columns() -> None:
    kinds = {type(layer) for layer in build(params("cnn"), (30,), 2).modules()}
    assert nn.Conv1d in kinds
    assert nn.Conv2d not in kinds


def test_each_block_halves_an_image_while_it_is_large_enough() -> None:
    network = build(params("cnn", widths=[4] * 5), (1, 32, 32), 2)
    pools = [layer for layer in network.modules() if isinstance(layer, nn.MaxPool2d)]
    assert len(pools) == 4
    assert list(network.modules())[-1].in_features == 4 * 2 * 2


@pytest.mark.parametrize("network", ["cnn", "mlp"])
def test_dropout_comes_from_the_params(network: str) -> None:
    layers = build(params(network, dropout=0.3), (1, 8, 8), 2).modules()
    assert {layer.p for layer in layers if isinstance(layer, nn.Dropout)} == {0.3}


def test_a_classifier_gives_probabilities_of_raw_features() -> None:
    schema = Schema(tuple(Feature(f"x{i}", 0, 1) for i in range(4)), ("a", "b"), (4,))
    model = Classifier(params("mlp"), schema).eval()
    result = model(torch.full((2, 4), 1e6))
    assert result.sum(dim=1).tolist() == pytest.approx([1, 1])
