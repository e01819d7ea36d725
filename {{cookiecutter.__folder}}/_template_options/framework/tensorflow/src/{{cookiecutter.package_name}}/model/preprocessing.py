"""The first part of the network: raw features in, standardised features out.

It is exported with the network, so no server, browser or batch job scales anything itself.
"""

from typing import Any

import keras
import numpy as np


class Standardise(keras.layers.Layer):  # type: ignore[misc]
    """Subtract a mean and divide by a scale, both fitted on the train split.

    A table's columns have one pair each; an image or a series has one pair for all its values,
    so that neighbours stay comparable.
    """

    def __init__(self, input_shape: tuple[int, ...]) -> None:
        # Raw features keep their digits, whatever the network computes in.
        super().__init__(dtype="float32")
        shape = input_shape if len(input_shape) == 1 else (1,) * len(input_shape)
        self.mean = self.add_weight(shape, "zeros", trainable=False, name="mean")
        self.scale = self.add_weight(shape, "ones", trainable=False, name="scale")

    def fit(self, inputs: np.ndarray) -> None:
        """Take mean and scale from `inputs`; a feature that never changes keeps scale 1."""
        axes = 0 if inputs.ndim == 2 else tuple(range(inputs.ndim))
        values = inputs.astype(np.float64)
        mean, scale = values.mean(axis=axes), values.std(axis=axes)
        # Rounding gives a constant column a tiny deviation, which must not blow up new values.
        constant = scale <= 1e-7 * np.maximum(np.abs(mean), 1.0)
        self.mean.assign(mean.reshape(self.mean.shape))
        self.scale.assign(np.where(constant, 1.0, scale).reshape(self.scale.shape))

    def call(self, inputs: Any) -> Any:  # noqa: ANN401
        """Scale a batch."""
        return (inputs - self.mean) / self.scale
