from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.tensors import read_tensors, require_fit, write_tensors

STATE: dict[str, np.ndarray] = {
    "0.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "0.bias": np.zeros(2, np.float32),
    "1.num_batches_tracked": np.zeros((), np.int64),
}


@given(
    state=st.dictionaries(
        st.text("abc.019", min_size=1, max_size=8),
        arrays(np.dtype("float32"), array_shapes(min_dims=0), elements=st.floats(width=32)),
        min_size=1,
    )
)
def test_every_bit_comes_back(
    state: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("tensors") / "model.safetensors"
    # Reversed axes: a view that does not lie in memory as it reads.
    write_tensors(path, {name: values.T for name, values in state.items()})
    found = read_tensors(path)
    assert set(found) == set(state)
    for name, values in state.items():
        assert found[name].shape == values.T.shape
        assert found[name].tobytes() == values.T.tobytes()


@pytest.mark.parametrize("size", [0, 5, 100])
def test_half_a_file_is_refused(size: int, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_tensors(path, STATE)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(UserError, match=r"model\.safetensors is not a \.safetensors file"):
        read_tensors(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.safetensors is missing"):
        read_tensors(tmp_path / "model.safetensors")


def test_tensors_of_the_same_network_fit() -> None:
    require_fit(STATE, {name: values + 1 for name, values in STATE.items()})


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"0.weight": np.zeros((3, 2), np.float32)}, r"shape: 0\.weight \(3, 2\), not \(2, 3\)"),
        ({"0.bias": np.zeros(2)}, r"type: 0\.bias float64, not float32"),
        ({"0.bias": np.array([1, np.nan], np.float32)}, r"no numbers: 0\.bias"),
        ({"2.weight": np.zeros(2, np.float32)}, r"unknown: 2\.weight\)"),
        ({f"{i}.more": np.zeros(1, np.float32) for i in range(7)}, r"4\.more and 2 more"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, np.ndarray], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        require_fit({**STATE, **change}, STATE)


def test_a_tensor_that_is_not_there_is_named() -> None:
    rest = {name: values for name, values in STATE.items() if name != "0.bias"}
    with pytest.raises(UserError, match=r"missing: 0\.bias\)"):
        require_fit(rest, STATE)
