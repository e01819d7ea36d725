"""The `nn.Sequential` of PyTorch that a `keras.Sequential` stands for, tensor by tensor.

Modules are counted as PyTorch counts them: a layer with an activation is two, a `Permute` none.
PyTorch has the channels first where Keras has them last, so kernels have other axes there; and a
`Flatten` leaves the features in another order, in which all layers up to the next `Dense` see them.
Settings are not carried: strides, slopes and sizes of pools have to be equal in both.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

import keras
import numpy as np
from keras import layers

from ..errors import UserError

# PyTorch's default, which no state dict holds; Keras's own is 1e-3.
EPSILON = 1e-5
CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.Conv3D)
MAX_POOLS = (layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D)
MEAN_POOLS = (layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D)
GLOBAL_POOLS = (
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
    layers.GlobalMaxPooling3D,
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.GlobalAveragePooling3D,
)
BY_VALUE = (
    layers.Activation,
    layers.ReLU,
    layers.LeakyReLU,
    layers.ELU,
    layers.Softmax,
    layers.Dropout,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
    layers.SpatialDropout3D,
)


@dataclass(frozen=True)
class Tensor:
    """A variable of Keras and how PyTorch has it: its axes, then the order along the last one.

    Without a variable it is PyTorch's count of batches, which Keras does not keep: always 0.
    """

    variable: keras.Variable | None
    axes: tuple[int, ...] | None = None
    order: np.ndarray | None = None

    def read(self) -> np.ndarray:
        """Return the values as PyTorch has them."""
        if self.variable is None:
            return np.zeros((), np.int64)
        values: np.ndarray = self.variable.numpy()
        if self.axes is not None:
            values = values.transpose(self.axes)
        return values if self.order is None else values[..., self.order]

    def write(self, values: np.ndarray) -> None:
        """Take values that PyTorch has so."""
        if self.variable is None:
            return
        if self.order is not None:
            values = values[..., np.argsort(self.order)]
        if self.axes is not None:
            values = values.transpose(np.argsort(self.axes))
        self.variable.assign(values)


@dataclass(frozen=True)
class Modules:
    """What one layer is in PyTorch: how many modules, the first one's tensors, and its output.

    `places` has the shape of the layer's output for one row, and says of each value where PyTorch
    has it, counted along PyTorch's own axes.
    """

    places: np.ndarray
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    number: int = 1


def tensors(network: keras.Sequential) -> dict[str, Tensor]:
    """Return the tensors of the twin of `network`, by name.

    A network that begins with a convolution takes images whose channels are last, and its twin the
    same with the channels first. Raises `UserError` that names a layer without a counterpart.
    """
    if not isinstance(network, keras.Sequential) or not network.built:
        raise UserError("only a keras.Sequential that begins with keras.Input can be converted")
    if None in network.input_shape[1:]:
        raise UserError(f"the network takes inputs of any length, {network.input_shape}: name one")
    channels = type(network.layers[0]) in {*CONVOLUTIONS, *MAX_POOLS, *MEAN_POOLS, *GLOBAL_POOLS}
    places = (_channels_last if channels else _in_order)(network.input_shape[1:])
    found, places = _walk(network, places)
    if places.ndim == 1 and not _is(places, _in_order):
        _refuse(network.layers[-1], "ends with features in another order than PyTorch's")
    return found


def _walk(
    network: keras.Sequential, places: np.ndarray, prefix: str = ""
) -> tuple[dict[str, Tensor], np.ndarray]:
    found: dict[str, Tensor] = {}
    index = 0
    for layer in network.layers:
        name = f"{prefix}{index}."
        if type(layer) is keras.Sequential:
            inner, places = _walk(layer, places, name)
            found |= inner
            index += 1
        else:
            modules = _modules(layer, places)
            found |= {name + own: tensor for own, tensor in modules.tensors.items()}
            places = modules.places
            index += modules.number
    return found, places


def _modules(layer: layers.Layer, places: np.ndarray) -> Modules:
    rule = RULES.get(type(layer))
    if rule is None:
        _refuse(layer, "has no conversion to PyTorch")
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        _refuse(layer, "has its channels first")
    if getattr(layer, "epsilon", EPSILON) != EPSILON:
        _refuse(layer, f"has epsilon={layer.epsilon:g}, and PyTorch {EPSILON:g}: train with that")
    return rule(layer, places)


def _dense(layer: layers.Layer, places: np.ndarray) -> Modules:
    weight = Tensor(layer.kernel, (1, 0), _order(layer, places))
    return Modules(_in_order(_output(layer, places)), _with_bias(layer, weight), _number(layer))


def _convolution(layer: layers.Layer, places: np.ndarray) -> Modules:
    _require_channels_last(layer, places)
    _require_even_padding(layer, strides=layer.strides)
    rank = layer.rank
    weight = Tensor(layer.kernel, (rank + 1, rank, *range(rank)))
    places = _channels_last(_output(layer, places))
    return Modules(places, _with_bias(layer, weight), _number(layer))


def _batch_norm(layer: layers.Layer, places: np.ndarray) -> Modules:
    _require_last_axis(layer, places)
    if places.ndim > 1:
        _require_channels_last(layer, places)
    order = np.argsort(places) if places.ndim == 1 else None
    found = {
        **_scale_and_shift(layer, order),
        "running_mean": Tensor(layer.moving_mean, order=order),
        "running_var": Tensor(layer.moving_variance, order=order),
        "num_batches_tracked": Tensor(None),
    }
    return Modules(places, found)


def _layer_norm(layer: layers.Layer, places: np.ndarray) -> Modules:
    _require_last_axis(layer, places)
    return Modules(places, _scale_and_shift(layer, _order(layer, places)))


def _embedding(layer: layers.Layer, places: np.ndarray) -> Modules:
    if layer.mask_zero or not _is(places, _in_order):
        _refuse(layer, "masks or takes its words in an order that PyTorch's does not")
    return Modules(_in_order(_output(layer, places)), {"weight": Tensor(layer.embeddings)})


def _pool(layer: layers.Layer, places: np.ndarray) -> Modules:
    _require_channels_last(layer, places)
    _require_even_padding(layer)
    return Modules(_channels_last(_output(layer, places)))


def _global_pool(layer: layers.Layer, places: np.ndarray) -> Modules:
    """In PyTorch a pool down to one value, and a `Flatten`."""
    _require_channels_last(layer, places)
    if layer.keepdims:
        _refuse(layer, "keeps its axes")
    return Modules(_in_order(_output(layer, places)), number=2)


def _by_value(_: layers.Layer, places: np.ndarray) -> Modules:
    return Modules(places)


def _reshape(layer: layers.Layer, places: np.ndarray) -> Modules:
    return Modules(places.reshape(_output(layer, places)))


def _permute(layer: layers.Layer, places: np.ndarray) -> Modules:
    return Modules(places.transpose([axis - 1 for axis in layer.dims]), number=0)


RULES: dict[type[layers.Layer], Callable[[layers.Layer, np.ndarray], Modules]] = {
    layers.Dense: _dense,
    **dict.fromkeys(CONVOLUTIONS, _convolution),
    layers.BatchNormalization: _batch_norm,
    layers.LayerNormalization: _layer_norm,
    layers.Embedding: _embedding,
    **dict.fromkeys((*MAX_POOLS, *MEAN_POOLS), _pool),
    **dict.fromkeys(GLOBAL_POOLS, _global_pool),
    **dict.fromkeys(BY_VALUE, _by_value),
    layers.Flatten: _reshape,
    layers.Reshape: _reshape,
    layers.Permute: _permute,
}


def _with_bias(layer: layers.Layer, weight: Tensor) -> dict[str, Tensor]:
    return {"weight": weight} | ({"bias": Tensor(layer.bias)} if layer.use_bias else {})


def _scale_and_shift(layer: layers.Layer, order: np.ndarray | None) -> dict[str, Tensor]:
    if layer.scale != layer.center:
        _refuse(layer, "has only one of scale and center")
    if not layer.scale:
        return {}
    return {"weight": Tensor(layer.gamma, order=order), "bias": Tensor(layer.beta, order=order)}


def _number(layer: layers.Layer) -> int:
    return 1 if layer.activation is keras.activations.linear else 2


def _output(layer: layers.Layer, places: np.ndarray) -> tuple[int, ...]:
    shape: tuple[int, ...] = layer.compute_output_shape((None, *places.shape))[1:]
    return shape


def _in_order(shape: tuple[int, ...]) -> np.ndarray:
    """Return the places of data that lies as it does in PyTorch."""
    return np.arange(math.prod(shape)).reshape(shape)


def _channels_last(shape: tuple[int, ...]) -> np.ndarray:
    """Return the places of data whose channels are first in PyTorch."""
    return np.moveaxis(_in_order((shape[-1], *shape[:-1])), 0, -1)


def _is(places: np.ndarray, kind: Callable[[tuple[int, ...]], np.ndarray]) -> bool:
    return np.array_equal(places, kind(places.shape))


def _order(layer: layers.Layer, places: np.ndarray) -> np.ndarray | None:
    """Return the order in which PyTorch has the features of the last axis."""
    if places.ndim == 1:
        return np.argsort(places)
    if not _is(places, _in_order):
        _refuse(layer, "works along an axis that is not PyTorch's last: flatten before it")
    return None


def _require_channels_last(layer: layers.Layer, places: np.ndarray) -> None:
    if not _is(places, _channels_last):
        _refuse(layer, "has channels that are not the first axis in PyTorch")


def _require_last_axis(layer: layers.Layer, places: np.ndarray) -> None:
    if getattr(layer, "rms_scaling", False):
        _refuse(layer, "scales without a mean")
    if np.atleast_1d(layer.axis).tolist() not in ([-1], [places.ndim]):
        _refuse(layer, "normalises along other axes than the last")


def _require_even_padding(layer: layers.Layer, strides: tuple[int, ...] = (2,)) -> None:
    """Refuse to pad where Keras adds more at the end than at the start, and PyTorch does not."""
    if layer.padding == "causal" or (layer.padding == "same" and max(strides) > 1):
        _refuse(layer, f"pads with {layer.padding!r} as PyTorch cannot")


def _refuse(layer: layers.Layer, reason: str) -> NoReturn:
    raise UserError(f"layer {layer.name!r} ({type(layer).__name__}) {reason}")
