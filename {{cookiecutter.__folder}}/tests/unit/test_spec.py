import json

import pytest

from {{cookiecutter.package_name}}.data.spec import Feature, Schema

A, B = Feature("a", 0, 1), Feature("b", -1, 1, personal=True)


def test_a_schema_comes_back_from_json() -> None:
    schema = Schema((A, B), ("no", "yes"), (2,), target="answer")
    assert Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema


def test_names_keep_the_order_of_the_tensor() -> None:
    assert Schema((B, A), ("no", "yes"), (2,)).feature_names == ["b", "a"]


@pytest.mark.parametrize(
    ("features", "classes", "shape", "reason"),
    [
        ((A, A), ("no", "yes"), (2,), "share a name"),
        ((A, Feature("label", 0, 1)), ("no", "yes"), (2,), "share a name"),
        ((A, B), ("no", "yes"), (3,), r"does not fit 2 features: in data/schema\.py write \(2,\)"),
        ((A, B), ("no", "no"), (2,), "different names"),
        ((A, B), ("no",), (2,), "two or more"),
        ((A, Feature("b", 1, 1)), ("no", "yes"), (2,), "b: low must be below high"),
    ],
)
def test_a_schema_that_contradicts_itself_is_refused(
    features: tuple[Feature, ...], classes: tuple[str, ...], shape: tuple[int, ...], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Schema(features, classes, shape)
