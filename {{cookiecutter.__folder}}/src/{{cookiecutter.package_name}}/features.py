"""Turn rows into the raw tensor by the schema: column order, dtype and shape, nothing else.

Scaling is not here: it is the first part of the network and is exported with it.
"""

import numpy as np
import pandas as pd

from .data.spec import Schema
from .errors import UserError


def to_tensor(frame: pd.DataFrame, schema: Schema) -> np.ndarray:
    """Return the features of `frame` as float32, shape (n, *input_shape).

    Raises `UserError` when a column is missing or not numeric.
    """
    if missing := [name for name in schema.feature_names if name not in frame.columns]:
        raise UserError(f"columns are missing: {', '.join(missing[:5])} ({len(missing)} in all)")
    try:
        values = frame[schema.feature_names].to_numpy(dtype=np.float32, copy=True)
    except (TypeError, ValueError) as error:
        raise UserError(f"a feature column is not numeric: {error}") from None
    return values.reshape(len(frame), *schema.input_shape)


def to_indices(frame: pd.DataFrame, schema: Schema) -> np.ndarray:
    """Return the labels of `frame` as indices into `schema.classes`, int64, shape (n,).

    Raises `UserError` when a label is not one of the classes.
    """
    labels = frame[schema.target].astype(str)
    if unknown := sorted(set(labels) - set(schema.classes)):
        raise UserError(f"labels are not in the schema: {', '.join(unknown[:5])}")
    index = {name: position for position, name in enumerate(schema.classes)}
    return labels.map(index).to_numpy(dtype=np.int64, copy=True)
