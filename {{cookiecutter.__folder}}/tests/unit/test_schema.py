"""What any schema must hold for the tests and the page, whatever the data."""

from {{cookiecutter.package_name}}.data.schema import SCHEMA


def test_classes_are_words() -> None:
    assert all(isinstance(name, str) and name for name in SCHEMA.classes)


def test_names_and_ranges_survive_the_way_to_a_browser() -> None:
    assert type(SCHEMA).from_dict(SCHEMA.to_dict()) == SCHEMA
    assert all(feature.name == feature.name.strip() for feature in SCHEMA.features)
