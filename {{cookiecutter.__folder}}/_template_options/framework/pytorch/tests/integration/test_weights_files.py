"""PyTorch's own file of a state dict, which `convert` reads and writes."""

from pathlib import Path

import pytest
import torch
from torch import nn

from {{cookiecutter.package_name}}.data.spec import Feature, Schema
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.model import conversion
from {{cookiecutter.package_name}}.model.network import Classifier
from {{cookiecutter.package_name}}.params import ModelParams

SCHEMA = Schema(tuple(Feature(f"x{i}", -9, 9) for i in range(64)), ("a", "b"), (1, 8, 8))
PARAMS = {"network": "cnn", "widths": [4, 6]}


def classifier(**changes: object) -> Classifier:
    return Classifier(ModelParams.model_validate(PARAMS | changes), SCHEMA)


def same(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    one, other = classifier(), classifier()
    assert not same(one, other)
    conversion.write(one, tmp_path / "new/w.pt")
    assert conversion.read(other, tmp_path / "new/w.pt") == tmp_path / "new/w.pt"
    assert same(one, other)


def test_a_state_of_parameters_is_read_as_well(tmp_path: Path) -> None:
    one, other = classifier(), classifier()
    torch.save(one.state_dict(keep_vars=True), tmp_path / "w.pt")
    conversion.read(other, tmp_path / "w.pt")
    assert same(one, other)


def test_weights_of_another_network_are_refused_by_name(tmp_path: Path) -> None:
    conversion.write(classifier(widths=[4]), tmp_path / "w.pt")
    with pytest.raises(UserError, match=r"missing: network\.10\.bias, network\.10\.weight, "):
        conversion.read(classifier(), tmp_path / "w.pt")


def test_a_whole_model_is_refused_for_its_code_could_do_anything(tmp_path: Path) -> None:
    torch.save(classifier(), tmp_path / "w.pt")
    with pytest.raises(UserError, match=r"w\.pt is not a state dict of tensors"):
        conversion.read(classifier(), tmp_path / "w.pt")


def test_half_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    conversion.write(classifier(), path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UserError, match=r"w\.pt is not a state dict of tensors"):
        conversion.read(classifier(), path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"w\.pt is missing"):
        conversion.read(classifier(), tmp_path / "w.pt")


def test_any_module_has_a_state_dict_of_arrays() -> None:
    one, other = (nn.Sequential(nn.Embedding(9, 4), nn.LSTM(4, 3)) for _ in range(2))
    conversion.from_state_dict(other, conversion.to_state_dict(one))
    assert same(one, other)


def test_a_state_does_not_change_with_the_model_it_came_from() -> None:
    model = nn.Linear(2, 1)
    before = conversion.to_state_dict(model)["weight"].copy()
    state = conversion.to_state_dict(model)
    nn.init.zeros_(model.weight)
    assert (state["weight"] == before).all()
