"""Rows in memory, handed out in parts where the network computes."""

from typing import Any

import numpy as np
import tensorflow as tf


class Rows:
    """Inputs, float32 of shape (n, *input_shape), and class indices, int64 of shape (n,).

    They stay in main memory, and a step copies its own to where the network computes.
    """

    def __init__(self, inputs: np.ndarray, labels: np.ndarray) -> None:
        with tf.device("CPU:0"):
            self._values = tf.constant(inputs), tf.constant(labels)

    def __len__(self) -> int:
        return len(self._values[1])

    def take(self, rows: Any) -> tuple[Any, ...]:  # noqa: ANN401
        """Give the rows of a tensor of indices."""
        with tf.device("CPU:0"):
            return tuple(tf.gather(values, rows) for values in self._values)


def share(rows: Any, index: Any, parts: int) -> Any:  # noqa: ANN401
    """Return one of `parts` of nearly equal length, the longer ones first."""
    with tf.device("CPU:0"):
        number, longer = tf.size(rows) // parts, tf.size(rows) % parts
        start = index * number + tf.minimum(index, longer)
        return rows[start : start + number + tf.cast(index < longer, tf.int32)]
