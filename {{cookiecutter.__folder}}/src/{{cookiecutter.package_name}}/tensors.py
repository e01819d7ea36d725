"""Weights on their way between frameworks: tensors in a `.safetensors` file.

They bear PyTorch's names and have its layouts, whichever framework wrote them. Such a file holds no
code, so that it may come from anyone: https://huggingface.co/docs/safetensors
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from .artifacts import atomic
from .errors import UserError

State = Mapping[str, np.ndarray]
SHOWN = 5


def write_tensors(path: Path, state: State) -> None:
    """Write `state` to `path`, atomically."""
    # The file takes the bytes as they lie in memory, and a transposed view's lie in another order.
    tensors = {name: np.array(values, order="C") for name, values in state.items()}
    with atomic(path) as temporary:
        temporary.write_bytes(save(tensors))


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """Read what `write_tensors` or PyTorch wrote; a missing or broken file is a `UserError`."""
    try:
        return load_file(path)
    except FileNotFoundError:
        raise UserError(f"{path} is missing") from None
    except (SafetensorError, OSError, TypeError, KeyError) as error:  # types that NumPy lacks
        raise UserError(f"{path} is not a .safetensors file, or not all of it ({error})") from None


def require_fit(state: State, expected: State) -> None:
    """Hold `state` against the tensors of a network; raise `UserError` that names what differs.

    Names, shapes and types have to be the same, and all values numbers.
    """
    common = sorted(set(state) & set(expected))
    pairs = [(name, state[name], expected[name]) for name in common]
    shapes = [f"{name} {a.shape}, not {b.shape}" for name, a, b in pairs if a.shape != b.shape]
    types = [f"{name} {a.dtype}, not {b.dtype}" for name, a, b in pairs if a.dtype != b.dtype]
    problems = {
        "missing": sorted(set(expected) - set(state)),
        "unknown": sorted(set(state) - set(expected)),
        "of another shape": shapes,
        "of another type": types,
        "with values that are no numbers": [
            name for name in common if not np.isfinite(state[name]).all()
        ],
    }
    found = [f"{problem}: {_some(names)}" for problem, names in problems.items() if names]
    if found:
        raise UserError(
            f"the weights are not those of this network ({'; '.join(found)}): the model's params "
            "and the schema have to be the ones that it was trained with"
        )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
