"""Weights as a state dict of arrays, and PyTorch's own file of one."""

from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch

from ..artifacts import atomic
from ..errors import UserError
from ..tensors import State, require_fit
from .network import Classifier

FORMATS = "or .pt for a PyTorch state dict"


def to_state_dict(model: torch.nn.Module) -> dict[str, np.ndarray]:
    """Return the tensors of `model` by their names in PyTorch."""
    return {name: tensor.numpy(force=True).copy() for name, tensor in model.state_dict().items()}


def from_state_dict(model: torch.nn.Module, state: State) -> None:
    """Give `model` the tensors of `state`, bit for bit.

    Raises `UserError` that names the tensors which are missing, unknown or of another shape.
    """
    require_fit(state, to_state_dict(model))
    model.load_state_dict({name: torch.tensor(values) for name, values in state.items()})


def write(model: Classifier, path: Path) -> None:
    """Write the state dict to `path`, atomically."""
    _require_suffix(path)
    with atomic(path) as temporary:
        torch.save(model.state_dict(), temporary)


def read(model: Classifier, path: Path) -> Path:
    """Give `model` the state dict at `path`, read without running code; return the file."""
    _require_suffix(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        from_state_dict(model, {name: tensor.numpy(force=True) for name, tensor in state.items()})
    except FileNotFoundError:
        raise UserError(f"{path} is missing") from None
    except (RuntimeError, UnpicklingError, EOFError, AttributeError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path} is not a state dict of tensors ({reason})") from None
    return path


def _require_suffix(path: Path) -> None:
    if path.suffix != ".pt":
        raise UserError(f"{path}: its suffix has to be .safetensors, {FORMATS}")
