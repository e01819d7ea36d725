# mypy: disable-error-code="import-not-found,import-untyped"
"""Train in PyTorch and in Keras, move the weights both ways, and print how far the answers differ.

Runs in an environment with both frameworks, in which a PyTorch project is importable as
`digit_classifier` and a TensorFlow one as `keras_twin`. Prints one JSON list.
"""

import json
import math
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import digit_classifier.data.spec
import digit_classifier.fitting
import digit_classifier.model.conversion as torch_conversion
import digit_classifier.model.export
import digit_classifier.model.network
import digit_classifier.params
import keras
import keras_twin.data.spec
import keras_twin.fitting
import keras_twin.model.conversion as keras_conversion
import keras_twin.model.export
import keras_twin.model.network
import keras_twin.params
import numpy as np
import torch
from keras import layers
from torch import nn

SHAPES = [(30,), (1, 8, 8), (3, 9, 7), (1, 4, 4, 4), (2, 40)]
NETWORKS = {"cnn": {"widths": (4, 6), "dropout": 0.1}, "mlp": {"widths": (8, 5), "dropout": 0.1}}
Arrays = Mapping[str, np.ndarray]
Answer = Callable[[np.ndarray], np.ndarray]


def gap(one: Answer, other: Answer, inputs: np.ndarray) -> float:
    return float(np.abs(one(inputs) - other(inputs)).max())


def exact(one: Arrays, other: Arrays) -> bool:
    """Compare two states bit for bit, but for the batches that a norm has counted."""
    return one.keys() == other.keys() and all(
        (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
        for name, (a, b) in {name: (one[name], other[name]) for name in one}.items()
        if not name.endswith("num_batches_tracked")
    )


def rows(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of three classes, away from zero, so that scaling counts."""
    random, size = np.random.default_rng(0), math.prod(shape)
    labels = np.arange(120) % 3
    inputs = 5 + 2 * random.normal(size=(len(labels), size)) + 3 * np.eye(size)[labels]
    return inputs.astype(np.float32).reshape(-1, *shape), labels


class Side:
    """One project: its networks, how it trains them, and its state dicts."""

    def __init__(self, package: ModuleType, conversion: ModuleType) -> None:
        self.package, self.conversion = package, conversion

    def settings(self, network: str, shape: tuple[int, ...]) -> tuple[Any, Any]:
        spec = self.package.data.spec
        features = tuple(spec.Feature(f"x{i}", -99, 99) for i in range(math.prod(shape)))
        chosen = {"network": network, "epochs": 3, **NETWORKS[network]}
        params = self.package.params.ModelParams.model_validate(chosen)
        return params, spec.Schema(features, ("a", "b", "c"), shape)

    def trained(self, network: str, shape: tuple[int, ...]) -> object:
        train, fitting = rows(shape), self.package.fitting
        settings = self.settings(network, shape)
        return fitting.fit(network, *settings, train, train, 0, fitting.Unwatched()).model

    def fresh(self, network: str, shape: tuple[int, ...]) -> object:
        return self.package.model.network.Classifier(*self.settings(network, shape))

    def answers(self, model: object) -> Answer:
        return lambda inputs: self.package.model.export.probabilities(model, inputs)


SIDES = {
    "PyTorch": Side(digit_classifier, torch_conversion),
    "Keras": Side(keras_twin, keras_conversion),
}


def built_in(network: str, shape: tuple[int, ...], origin: str, goal: str) -> dict[str, Any]:
    """Train on one side, move to the other and back again."""
    here, there = SIDES[origin], SIDES[goal]
    model = here.trained(network, shape)
    twin, again = there.fresh(network, shape), here.fresh(network, shape)
    state = here.conversion.to_state_dict(model)
    there.conversion.from_state_dict(twin, state)
    back = there.conversion.to_state_dict(twin)
    here.conversion.from_state_dict(again, back)
    inputs, _ = rows(shape)
    return {
        "gap": gap(here.answers(model), there.answers(twin), inputs),
        "exact": exact(state, back) and gap(here.answers(model), here.answers(again), inputs) == 0,
    }


def words() -> tuple[nn.Sequential, keras.Sequential, np.ndarray]:
    twin = [
        keras.Input((6,)),
        layers.Embedding(11, 4),
        layers.LayerNormalization(epsilon=1e-5),
        layers.Flatten(),
        layers.Dense(5, activation="gelu"),
        layers.Dense(3),
    ]
    model = nn.Sequential(
        nn.Embedding(11, 4),
        nn.LayerNorm(4),
        nn.Flatten(),
        nn.Linear(24, 5),
        nn.GELU(),
        nn.Linear(5, 3),
    )
    return model, keras.Sequential(twin), np.random.default_rng(0).integers(11, size=(50, 6))


def picture() -> tuple[nn.Sequential, keras.Sequential, np.ndarray]:
    twin = [
        keras.Input((2, 9, 7)),
        layers.Permute((2, 3, 1)),
        layers.Conv2D(4, 3, strides=2, activation="relu"),
        layers.BatchNormalization(epsilon=1e-5),
        keras.Sequential([layers.Conv2D(6, 2, groups=2), layers.LeakyReLU(0.01)]),
        layers.AveragePooling2D((1, 2)),
        layers.Flatten(),
        layers.LayerNormalization(epsilon=1e-5),
        layers.Dense(5, use_bias=False),
        layers.BatchNormalization(epsilon=1e-5),
        layers.Dense(3),
    ]
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3, stride=2),
        nn.ReLU(),
        nn.BatchNorm2d(4),
        nn.Sequential(nn.Conv2d(4, 6, 2, groups=2), nn.LeakyReLU()),
        nn.AvgPool2d((1, 2)),
        nn.Flatten(),
        nn.LayerNorm(18),
        nn.Linear(18, 5, bias=False),
        nn.BatchNorm1d(5),
        nn.Linear(5, 3),
    )
    inputs = np.random.default_rng(0).normal(size=(50, 2, 9, 7)).astype(np.float32)
    return model, keras.Sequential(twin), inputs


def by_hand(model: nn.Sequential, twin: keras.Sequential, inputs: np.ndarray) -> dict[str, Any]:
    """Move drawn weights of a network of one's own to Keras; `model` has met a few batches."""
    random = torch.Generator().manual_seed(0)
    for weight in model.parameters():
        nn.init.normal_(weight, generator=random)
    for _ in range(3):
        model(torch.tensor(inputs))
    model.eval()
    state = torch_conversion.to_state_dict(model)
    keras_conversion.from_state_dict(twin, state)
    back = keras_conversion.to_state_dict(twin)
    size = float(np.abs(twin(inputs).numpy()).max())
    difference = gap(lambda x: model(torch.tensor(x)).detach().numpy(), twin, inputs)
    torch_conversion.from_state_dict(model, back)
    return {"gap": difference / size, "exact": exact(state, back)}


def main() -> None:
    found = {
        f"{network} {'x'.join(map(str, shape))} from {origin}": built_in(
            network, shape, origin, goal
        )
        for network in NETWORKS
        for shape in SHAPES
        for origin, goal in (("PyTorch", "Keras"), ("Keras", "PyTorch"))
    }
    found |= {kind.__name__: by_hand(*kind()) for kind in (words, picture)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
