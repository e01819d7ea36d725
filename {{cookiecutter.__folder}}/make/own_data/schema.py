"""The schema of this project's data: every column that a model reads, and what it tells apart.

A range is where a value is plausible; outside it `validate` stops and the service refuses.
The columns here show the form: put those of your table in their place.
"""

from .spec import Feature, Schema

FEATURES = (
    Feature("length", low=0, high=10),
    Feature("width", low=0, high=10),
)
SCHEMA = Schema(
    features=FEATURES,
    classes=("large", "small"),
    input_shape=(len(FEATURES),),
    target="label",
)
