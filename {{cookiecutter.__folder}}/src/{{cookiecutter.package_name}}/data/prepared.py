"""Read the splits that `prepare` wrote, as a network takes them."""

import numpy as np

from ..artifacts import fingerprint, sha256
from ..features import to_indices, to_tensor
from .rows import read_rows
from .schema import SCHEMA
from .split import SPLITS

FOLDER = "data/prepared"


def read_split(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the raw inputs, (n, *input_shape), and the class indices, (n,), of a split."""
    frame = read_rows(f"{FOLDER}/{name}.parquet")
    return to_tensor(frame, SCHEMA), to_indices(frame, SCHEMA)


def data_fingerprint() -> str:
    """Tell the data of a model apart from any other: the hash of all splits together."""
    return fingerprint(*(sha256(f"{FOLDER}/{name}.parquet") for name in SPLITS))
