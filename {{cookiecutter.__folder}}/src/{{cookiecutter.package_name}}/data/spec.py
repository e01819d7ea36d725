"""What a schema is made of. It knows no data set: that one is in `schema.py`."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import SchemaError


@dataclass(frozen=True)
class Feature:
    """One numeric column, with the range [low, high] in which its values are plausible.

    A feature that is `personal` is never written to the service's event log.
    """

    name: str
    low: float
    high: float
    personal: bool = False


@dataclass(frozen=True)
class Schema:
    """The columns that a model reads, the classes that it tells apart, and the tensor between.

    `input_shape` is what one row becomes: (30,) for thirty columns of a table, (1, 8, 8) for the
    64 pixels of a grey image, channel first, in the order of `features`.
    """

    features: tuple[Feature, ...]
    classes: tuple[str, ...]
    input_shape: tuple[int, ...]
    target: str = "label"

    def __post_init__(self) -> None:
        names = [feature.name for feature in self.features]
        if len(set(names)) != len(names) or self.target in names:
            raise SchemaError("two columns of the schema share a name")
        if math.prod(self.input_shape) != len(names):
            raise SchemaError(
                f"input_shape {self.input_shape} does not fit {len(names)} features: in "
                f"data/schema.py write ({len(names)},), or the shape of a picture of that many"
            )
        if len(set(self.classes)) != len(self.classes) or len(self.classes) < 2:
            raise SchemaError("classes must be two or more different names")
        for feature in self.features:
            if not feature.low < feature.high:
                raise SchemaError(f"{feature.name}: low must be below high")

    @property
    def feature_names(self) -> list[str]:
        """The names of the feature columns, in the order of the tensor."""
        return [feature.name for feature in self.features]

    def to_dict(self) -> dict[str, Any]:
        """Turn into plain JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Schema":
        """Read back what `to_dict` gave, JSON or not."""
        return cls(
            features=tuple(Feature(**feature) for feature in data["features"]),
            classes=tuple(data["classes"]),
            input_shape=tuple(data["input_shape"]),
            target=data["target"],
        )
