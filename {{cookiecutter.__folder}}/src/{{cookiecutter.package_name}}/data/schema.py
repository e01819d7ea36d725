"""The schema of this project's data: edit it together with `source.py`."""

from .spec import Feature, Schema

SCHEMA = Schema(
    features=tuple(
        Feature(f"pixel_{row}_{column}", low=0, high=16) for row in range(8) for column in range(8)
    ),
    classes=tuple("0123456789"),
    input_shape=(1, 8, 8),
    target="digit",
)
