from {{cookiecutter.package_name}}.data import source
from {{cookiecutter.package_name}}.data.schema import SCHEMA


def test_the_digits_are_those_of_the_uci_data_set() -> None:
    frame = source.load()
    assert frame.shape == (1797, 65)
    assert frame[SCHEMA.target].value_counts().sort_index().tolist() == [
        178, 182, 177, 183, 181, 182, 181, 179, 174, 180,
    ]  # fmt: skip
    assert frame[SCHEMA.feature_names].to_numpy().sum() == 561718


def test_a_digit_looks_like_one() -> None:
    zero = source.load().iloc[0]
    assert zero[SCHEMA.target] == "0"
    pixels = zero[SCHEMA.feature_names].to_numpy(dtype=float).reshape(8, 8)
    assert pixels[3:5, 3:5].mean() < 2 < pixels[3:5, 1:3].mean()
