import numpy as np
import pytest

from {{cookiecutter.package_name}}.model.preprocessing import Standardise


def standardised(inputs: np.ndarray) -> np.ndarray:
    layer = Standardise(inputs.shape[1:])
    layer.fit(inputs)
    result: np.ndarray = layer(inputs).numpy()
    return result


def test_each_column_of_a_table_gets_its_own_scale() -> None:
    inputs = np.random.default_rng(0).normal([1, 1000], [0.1, 50], size=(500, 2))
    result = standardised(inputs.astype(np.float32))
    assert result.mean(axis=0) == pytest.approx([0, 0], abs=1e-3)
    assert result.std(axis=0) == pytest.approx([1, 1], abs=1e-3)


def test_an_image_gets_one_scale_so_that_its_pixels_stay_comparable() -> None:
    inputs = np.random.default_rng(0).uniform(0, 16, size=(50, 1, 4, 4)).astype(np.float32)
    inputs[:, 0, 0, 0] = 0
    result = standardised(inputs)
    assert result.std() == pytest.approx(1, abs=1e-4)
    assert np.argsort(result, axis=None).tolist() == np.argsort(inputs, axis=None).tolist()


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6, -3e-9])
def test_a_constant_column_becomes_zero(value: float) -> None:
    assert np.all(standardised(np.full((1000, 2), value, dtype=np.float32)) == 0)


def test_the_statistics_are_saved_with_the_weights() -> None:
    layer = Standardise((1, 8, 8))
    assert {weight.name for weight in layer.weights} == {"mean", "scale"}
    assert layer.trainable_weights == []
