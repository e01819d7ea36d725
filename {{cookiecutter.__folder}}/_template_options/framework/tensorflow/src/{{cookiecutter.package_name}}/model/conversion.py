"""Weights as a PyTorch state dict of arrays, and as the files of Keras and TensorFlow.

A `keras.Sequential` stands for an `nn.Sequential` of the same layers. What differs is in `twin`.
"""

import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

from ..artifacts import atomic
from ..errors import UserError
from ..tensors import State, require_fit
from .network import Classifier
from .twin import Tensor, tensors

FORMATS = ".weights.h5 for Keras, or .ckpt for a TensorFlow checkpoint"


def to_state_dict(model: Classifier | keras.Sequential) -> dict[str, np.ndarray]:
    """Return the weights of `model` with the names and the layouts that PyTorch gives them.

    Raises `UserError` that names the layer for which there is no conversion.
    """
    return {name: tensor.read() for name, tensor in _tensors(model).items()}


def from_state_dict(model: Classifier | keras.Sequential, state: State) -> None:
    """Give `model` the tensors of `state`, bit for bit.

    Raises `UserError` that names the tensors which are missing, unknown or of another shape.
    """
    found = _tensors(model)
    require_fit(state, {name: tensor.read() for name, tensor in found.items()})
    for name, tensor in found.items():
        tensor.write(state[name])


def write(model: Classifier, path: Path) -> None:
    """Write the weights to `path`; those of a checkpoint are two files that begin so."""
    if _is_checkpoint(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            tf.train.Checkpoint(model=model).write(str(Path(folder, path.name)))
            # A checkpoint is there when its index is.
            for file in sorted(Path(folder).iterdir()):
                file.replace(path.with_name(file.name))
    else:
        with atomic(path) as temporary:
            model.save_weights(temporary)


def read(model: Classifier, path: Path) -> Path:
    """Give `model` the weights at `path`, and return the file whose hash tells them apart.

    A checkpoint was written with `tf.train.Checkpoint(model=...)`; what else it holds is left.
    """
    file = path.with_name(f"{path.name}.index") if _is_checkpoint(path) else path
    if not file.is_file():
        raise UserError(f"{file} is missing")
    try:
        if file == path:
            model.load_weights(path)
        else:
            _restore(model, path)
    except (ValueError, KeyError, OSError, AssertionError, tf.errors.OpError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path} does not hold the weights of this network ({reason})") from None
    return file


def _is_checkpoint(path: Path) -> bool:
    if not path.name.endswith(".weights.h5") and path.suffix not in {"", ".ckpt"}:
        raise UserError(f"{path}: its suffix has to be .safetensors, {FORMATS}")
    return path.suffix != ".h5"


def _restore(model: Classifier, path: Path) -> None:
    """Read a checkpoint, in which all of the model and no more of a model has to be."""
    held = _held(path)
    if held != len(model.weights):
        raise ValueError(f"it holds {held} tensors of a model, not {len(model.weights)}")
    status = tf.train.Checkpoint(model=model).read(str(path)).expect_partial()
    status.assert_existing_objects_matched()


def _held(path: Path) -> int:
    """Count the tensors of what a checkpoint calls `model`; some may bear an optimizer's name."""
    reader = tf.train.load_checkpoint(str(path))
    nodes = TrackableObjectGraph.FromString(reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH")).nodes
    waiting = {child.node_id for child in nodes[0].children if child.local_name == "model"}
    seen: set[int] = set()
    while waiting:
        seen.add(node := waiting.pop())
        waiting |= {child.node_id for child in nodes[node].children} - seen
    return sum(bool(nodes[node].attributes) for node in seen)


def _tensors(model: Classifier | keras.Sequential) -> dict[str, Tensor]:
    if isinstance(model, keras.Sequential):
        return tensors(model)
    scaling = model.preprocessing
    own = {"mean": Tensor(scaling.mean), "scale": Tensor(scaling.scale)}
    return {
        **{f"preprocessing.{name}": tensor for name, tensor in own.items()},
        **{f"network.{name}": tensor for name, tensor in tensors(model.network).items()},
    }
