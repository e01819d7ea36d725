"""Networks, built from the shape of one input."""

import math

import torch
from torch import Tensor, nn

from ..data.spec import Schema
from ..params import ModelParams
from .preprocessing import Standardise

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)


class Classifier(nn.Module):
    """Raw features in, probabilities out: all that a server needs is inside."""

    def __init__(self, params: ModelParams, schema: Schema) -> None:
        super().__init__()
        self.preprocessing = Standardise(schema.input_shape)
        self.network = build(params, schema.input_shape, len(schema.classes))

    def logits(self, inputs: Tensor) -> Tensor:
        """Return what the loss is computed from."""
        scores: Tensor = self.network(self.preprocessing(inputs))
        return scores

    def forward(self, inputs: Tensor) -> Tensor:
        """Return one row of probabilities for each input."""
        return torch.softmax(self.logits(inputs), dim=1)


def build(params: ModelParams, input_shape: tuple[int, ...], classes: int) -> nn.Module:
    """Build the network that `params.network` names, from standardised inputs to `classes` scores.

    Weights are drawn from torch's global generator.
    """
    return {"cnn": _cnn, "mlp": _mlp}[params.network](params, input_shape, classes)


def _mlp(params: ModelParams, input_shape: tuple[int, ...], classes: int) -> nn.Module:
    layers: list[nn.Module] = [nn.Flatten()]
    size = math.prod(input_shape)
    for width in params.widths:
        layers += [nn.Linear(size, width), nn.ReLU(), nn.Dropout(params.dropout)]
        size = width
    return nn.Sequential(*layers, nn.Linear(size, classes))


def _cnn(params: ModelParams, input_shape: tuple[int, ...], classes: int) -> nn.Module:
    """Convolve over the axes behind the first; a table's columns are one channel in a row.

    Each block halves the axes, until they are too short for it.
    """
    channels, *axes = input_shape if len(input_shape) > 1 else (1, *input_shape)
    kind = len(axes) - 1
    layers: list[nn.Module] = [nn.Unflatten(1, (1, *axes))] if len(input_shape) == 1 else []
    for width in params.widths:
        # The norm has a bias of its own.
        layers += [CONVOLUTIONS[kind](channels, width, 3, padding=1, bias=False)]
        layers += [NORMS[kind](width), nn.ReLU()]
        if min(axes) >= 4:
            layers.append(POOLS[kind](2))
            axes = [length // 2 for length in axes]
        channels = width
    size = channels * math.prod(axes)
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Dropout(params.dropout), nn.Linear(size, classes)
    )
