"""Run a .tflite file with LiteRT: raw features in, probabilities out.

This module needs numpy and ai-edge-litert and nothing else of the project, so that it can be copied
to a device as it stands.
"""

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter


class LiteModel:
    """A model that `edge` wrote, a file or its bytes, on the CPU with a single thread."""

    def __init__(self, model: str | Path | bytes) -> None:
        given = {"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}
        self._run = Interpreter(**given, num_threads=1).get_signature_runner()
        self.input_shape = tuple(map(int, self._run.get_input_details()["inputs"]["shape"][1:]))

    def probabilities(self, inputs: np.ndarray) -> np.ndarray:
        """Return one row of probabilities for each row of raw features, shape (n, classes).

        `inputs` are float32 of shape (n, *input_shape), with n of 1 or more. The file takes one row
        at a time. Raises `ValueError` for any other shape.
        """
        if inputs.shape[1:] != self.input_shape or not len(inputs):
            expected = ", ".join(("n", *map(str, self.input_shape)))
            raise ValueError(f"expected inputs of shape ({expected}), got {inputs.shape}")
        rows = inputs.astype(np.float32, copy=False)
        return np.concatenate([self._run(inputs=row[None])["probabilities"] for row in rows])
