"""A converted network computes in PyTorch's terms, here in NumPy, what it does in Keras."""

from collections.abc import Callable, Mapping

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers
from scipy.signal import correlate

from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.model.conversion import from_state_dict, to_state_dict

Arrays = Mapping[str, np.ndarray]
CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.Conv3D)
TO_CHANNELS_LAST = ((2, 1), (2, 3, 1), (2, 3, 4, 1))


def linear(x: np.ndarray, own: Arrays) -> np.ndarray:
    found: np.ndarray = x @ own["weight"].T + own.get("bias", 0)
    return found


def convolution(x: np.ndarray, own: Arrays) -> np.ndarray:
    """As `nn.Conv` with padding="same": x is (n, in, *axes), the weight (out, in, *kernel)."""
    rows = [
        [sum(map(lambda a, k: correlate(a, k, "same"), row, kernel)) for kernel in own["weight"]]
        for row in x
    ]
    found: np.ndarray = np.array(rows) + along(own["bias"], x)
    return found


def batch_norm(x: np.ndarray, own: Arrays) -> np.ndarray:
    mean, variance, weight, bias = (
        along(own[name], x) for name in ("running_mean", "running_var", "weight", "bias")
    )
    found: np.ndarray = (x - mean) / np.sqrt(variance + 1e-5) * weight + bias
    return found


def layer_norm(x: np.ndarray, own: Arrays) -> np.ndarray:
    centred = x - x.mean(axis=-1, keepdims=True)
    deviation = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
    found: np.ndarray = centred / deviation * own["weight"] + own["bias"]
    return found


def max_pool(x: np.ndarray, _: Arrays) -> np.ndarray:
    """As `nn.MaxPool2d(2)`."""
    n, channels, height, width = x.shape
    even = x[:, :, : height // 2 * 2, : width // 2 * 2]
    found: np.ndarray = even.reshape(n, channels, height // 2, 2, width // 2, 2).max(axis=(3, 5))
    return found


MODULES: dict[str, Callable[[np.ndarray, Arrays], np.ndarray]] = {
    "Linear": linear,
    "Conv": convolution,
    "BatchNorm": batch_norm,
    "LayerNorm": layer_norm,
    "Embedding": lambda x, own: own["weight"][x.astype(int)],
    "ReLU": lambda x, _: np.maximum(x, 0),
    "Dropout": lambda x, _: x,
    "Flatten": lambda x, _: x.reshape(len(x), -1),
    "Unflatten": lambda x, _: x.reshape(len(x), 1, -1),
    "MaxPool2": max_pool,
    "MeanPool": lambda x, _: x.mean(axis=tuple(range(2, x.ndim)), keepdims=True),
}


def along(values: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Shape the values of channels for x, whose second axis they are."""
    return values.reshape(-1, *[1] * (x.ndim - 2))


def sequential(modules: str, state: Arrays, x: np.ndarray) -> np.ndarray:
    """Answer as an `nn.Sequential` of `modules` with `state`."""
    for index, name in enumerate(modules.split()):
        prefix = f"{index}."
        own = {key.removeprefix(prefix): a for key, a in state.items() if key.startswith(prefix)}
        x = MODULES[name](x.astype(np.float64), own)
    return x


def drawn(like: Arrays) -> dict[str, np.ndarray]:
    """Draw a state of the same shapes; variances are positive."""
    random = np.random.default_rng(0)
    return {
        name: random.uniform(0.5, 1.5, values.shape).astype(values.dtype)
        if name.endswith("running_var")
        else random.normal(size=values.shape).astype(values.dtype)
        for name, values in like.items()
    }


def require_equal(network: keras.Sequential, modules: str, words: int | None = None) -> None:
    """Hold `network` with drawn weights against `modules`, and its weights against what came in."""
    state = drawn(to_state_dict(network))
    state |= {name: a * 0 for name, a in state.items() if name.endswith("num_batches_tracked")}
    from_state_dict(network, state)
    random, shape = np.random.default_rng(1), (3, *network.input_shape[1:])
    x = random.integers(words, size=shape) if words else random.normal(size=shape)
    answer = network(x.astype(np.float32)).numpy()
    assert np.abs(answer - sequential(modules, state, x)).max() <= 1e-5 * np.abs(answer).max()
    found = to_state_dict(network)
    assert {name: a.tobytes() for name, a in found.items()} == {
        name: a.tobytes() for name, a in state.items()
    }
    assert {name: a.shape for name, a in found.items()} == {
        name: a.shape for name, a in state.items()
    }


def norm(kind: type[layers.Layer]) -> layers.Layer:
    return kind(epsilon=1e-5)


def test_a_dense_layer_with_an_activation_is_two_modules() -> None:
    found = [keras.Input((7,)), layers.Dense(5, activation="relu"), layers.Dense(3)]
    require_equal(keras.Sequential(found), "Linear ReLU Linear")


@pytest.mark.parametrize("shape", [(2, 9), (2, 5, 4), (2, 4, 3, 5)])
def test_features_behind_a_flatten_are_in_pytorchs_order(shape: tuple[int, ...]) -> None:
    kind = len(shape) - 2
    found = [
        keras.Input(shape),
        layers.Permute(TO_CHANNELS_LAST[kind]),
        CONVOLUTIONS[kind](3, 3, padding="same", activation="relu"),
        norm(layers.BatchNormalization),
        layers.Flatten(),
        norm(layers.LayerNormalization),
        layers.Dropout(0.5),
        norm(layers.BatchNormalization),
        layers.Dense(6, activation="relu"),
        layers.Dense(4),
    ]
    modules = "Conv ReLU BatchNorm Flatten LayerNorm Dropout BatchNorm Linear ReLU Linear"
    require_equal(keras.Sequential(found), modules)


def test_a_table_is_convolved_as_one_channel() -> None:
    found = [keras.Input((8,)), layers.Reshape((8, 1)), layers.Conv1D(3, 3, padding="same")]
    found += [layers.Flatten(), layers.Dense(2)]
    require_equal(keras.Sequential(found), "Unflatten Conv Flatten Linear")


def test_what_was_never_moved_is_flattened_as_it_is() -> None:
    found = [keras.Input((2, 3, 4)), layers.Flatten(), layers.Dense(2)]
    require_equal(keras.Sequential(found), "Flatten Linear")


def test_words_are_embedded_normalised_and_flattened() -> None:
    found = [keras.Input((6,)), layers.Embedding(11, 4), norm(layers.LayerNormalization)]
    found += [layers.Dense(5), layers.Flatten(), layers.Dense(2)]
    require_equal(keras.Sequential(found), "Embedding LayerNorm Linear Flatten Linear", words=11)


def test_a_mean_over_all_places_is_a_pool_and_a_flatten() -> None:
    found = [keras.Input((2, 5, 4)), layers.Permute((2, 3, 1)), layers.MaxPooling2D(2)]
    found += [layers.GlobalAveragePooling2D(), layers.Dense(3)]
    require_equal(keras.Sequential(found), "MaxPool2 MeanPool Flatten Linear")


def test_a_sequential_inside_another_has_names_below_its_own() -> None:
    inner = [layers.Conv2D(3, 3, padding="same", use_bias=False), layers.ReLU()]
    found = [keras.Input((2, 5, 4)), layers.Permute((2, 3, 1)), keras.Sequential(inner)]
    network = keras.Sequential([*found, layers.Flatten(), layers.Dense(2)])
    assert sorted(to_state_dict(network)) == ["0.0.weight", "2.bias", "2.weight"]


def test_images_may_come_with_their_channels_last() -> None:
    found = [layers.Conv2D(3, 3, padding="same"), layers.Flatten(), layers.Dense(2)]
    network = keras.Sequential([keras.Input((5, 4, 2)), *found])
    state = to_state_dict(network)
    x = np.random.default_rng(0).normal(size=(3, 5, 4, 2))
    answer = sequential("Conv Flatten Linear", state, x.transpose(0, 3, 1, 2))
    assert np.abs(network(x.astype(np.float32)).numpy() - answer).max() <= 1e-5


@settings(max_examples=15, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6)),
    widths=st.lists(st.integers(1, 4), min_size=1, max_size=2),
)
def test_a_network_of_any_size_is_the_same(shape: tuple[int, ...], widths: list[int]) -> None:
    found = [keras.Input(shape), layers.Permute((2, 3, 1))]
    for width in widths:
        found += [layers.Conv2D(width, 3, padding="same"), norm(layers.BatchNormalization)]
    found += [layers.Flatten(), layers.Dense(2)]
    require_equal(keras.Sequential(found), "Conv BatchNorm " * len(widths) + "Flatten Linear")


class Doubled(layers.Dense):  # type: ignore[misc]
    """A layer of one's own, which computes something else."""


IMAGE = [keras.Input((2, 6, 6)), layers.Permute((2, 3, 1))]
TABLE = [keras.Input((6,))]


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        ([keras.Input((4, 3)), layers.GRU(2, name="memory")], r"'memory' \(GRU\) has no conv"),
        ([*TABLE, Doubled(2, name="mine")], r"'mine' \(Doubled\) has no conversion"),
        ([*TABLE, layers.BatchNormalization(name="norm")], r"'norm' .* has epsilon=0\.001"),
        ([*TABLE, layers.LayerNormalization(name="norm")], r"'norm' .* has epsilon=0\.001"),
        ([*TABLE, layers.BatchNormalization(epsilon=1e-5, scale=False)], "only one of scale and"),
        ([*TABLE, layers.Embedding(9, 2, mask_zero=True)], "masks"),
        ([*IMAGE, layers.Conv2D(2, 3, padding="same", strides=2)], "pads with 'same'"),
        ([*IMAGE, layers.MaxPooling2D(2, padding="same")], "pads with 'same'"),
        ([*IMAGE, layers.Dense(3)], "along an axis that is not PyTorch's last"),
        ([*IMAGE, layers.LayerNormalization(epsilon=1e-5)], "along an axis that is not PyTorch's"),
        ([*IMAGE, layers.BatchNormalization(axis=1, epsilon=1e-5)], "other axes than the last"),
        ([*IMAGE, layers.GlobalMaxPooling2D(keepdims=True)], "keeps its axes"),
        ([*IMAGE, layers.Flatten(name="flat")], r"'flat' .* ends with features in another order"),
        ([*TABLE, layers.Embedding(9, 2), layers.Conv1D(2, 3)], "not the first axis in PyTorch"),
        ([keras.Input((None, 3)), layers.Dense(2)], "inputs of any length"),
        ([layers.Dense(2)], r"begins with keras\.Input"),
    ],
)
def test_a_layer_without_a_counterpart_is_named(found: list[layers.Layer], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        to_state_dict(keras.Sequential(found))


@pytest.mark.filterwarnings("ignore:.*rms_scaling")
def test_a_norm_without_a_mean_is_named() -> None:
    norm = layers.LayerNormalization(epsilon=1e-5, rms_scaling=True, name="norm")
    with pytest.raises(UserError, match=r"layer 'norm' \(LayerNormalization\) scales without a"):
        to_state_dict(keras.Sequential([keras.Input((6,)), norm]))
