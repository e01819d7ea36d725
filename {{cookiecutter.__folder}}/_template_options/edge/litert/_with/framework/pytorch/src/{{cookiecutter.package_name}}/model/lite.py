"""Turn a trained model into a .tflite file, for LiteRT."""

import warnings

import litert_torch  # type: ignore[import-untyped]
import torch
from torch import Tensor, nn

from ..data.spec import Schema
from .network import Classifier


class _Named(nn.Module):
    """Names the output: the file takes over the key."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor) -> dict[str, Tensor]:
        return {"probabilities": self.model(inputs)}


def convert(model: Classifier, schema: Schema) -> bytes:
    """Return the file, in float32: one row of raw features `inputs` to `probabilities`."""
    litert_torch.config.show_progress = False
    row = torch.zeros(1, *schema.input_shape)
    with warnings.catch_warnings():
        # Of torch's own names, which the converter has yet to follow.
        warnings.simplefilter("ignore", FutureWarning)
        converted = litert_torch.convert(_Named(model).eval(), sample_kwargs={"inputs": row})
    content: bytes = converted.model_content()
    return content
