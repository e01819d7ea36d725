"""The spaces of params.yaml in NNI's words, and NNI's suggestions in those of a model."""

import json
import math
from collections.abc import Mapping
from typing import Any

from ..params import Choice, Range
from ..trials import Space, Value, rounded


def search_space(spaces: Mapping[str, Space]) -> dict[str, Any]:
    """Nest each model's space in the choice of the model, so that only its own is asked for."""
    models = [
        {"_name": model, **{name: _dimension(each) for name, each in space.items()}}
        for model, space in spaces.items()
    ]
    return {"model": {"_type": "choice", "_value": models}}


def model_and_values(
    parameters: Mapping[str, Any], spaces: Mapping[str, Space]
) -> tuple[str, dict[str, Value]]:
    """Turn what NNI suggested into a model's name and the values that it takes."""
    chosen = parameters["model"]
    space = spaces[chosen["_name"]]
    return chosen["_name"], {name: _value(chosen[name], each) for name, each in space.items()}


def _dimension(dimension: Range | Choice) -> dict[str, Any]:
    if isinstance(dimension, Choice):
        return {"_type": "choice", "_value": list(_labels(dimension))}
    if dimension.kind == "integer":
        # NNI's own integers are labels without an order (randint), or seldom the bounds (quniform).
        bounds = [math.ceil(dimension.low), math.floor(dimension.high) + 1]
        return {"_type": "uniform", "_value": bounds}
    kind = "loguniform" if dimension.kind == "log_uniform" else "uniform"
    return {"_type": kind, "_value": [dimension.low, dimension.high]}


def _value(suggested: str | float, dimension: Range | Choice) -> Value:
    if isinstance(dimension, Choice):
        return _labels(dimension)[str(suggested)]
    if dimension.kind == "integer":
        return min(math.floor(float(suggested)), math.floor(dimension.high))
    return rounded(float(suggested), dimension)


def _labels(choice: Choice) -> dict[str, Value]:
    """NNI sends JSON, which knows no tuples: each value is told by its text."""
    return {json.dumps(value): value for value in choice.values}
