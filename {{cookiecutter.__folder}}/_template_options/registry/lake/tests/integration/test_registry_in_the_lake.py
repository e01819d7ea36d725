"""What only the registry in the lake has: its files are the lake's own."""

from pathlib import Path

import pytest
from registered import model

from {{cookiecutter.package_name}} import registry
from {{cookiecutter.package_name}}.data import storage
from {{cookiecutter.package_name}}.errors import UserError


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents() -> dict[str, bytes]:
    found = {}
    for key in storage.keys(""):
        storage.get(key, "content")
        found[key] = Path("content").read_bytes()
    return found


def test_registering_twice_changes_no_byte() -> None:
    model(1)
    registry.register()
    before = contents()
    registry.register()
    assert contents() == before


def test_an_interrupted_registration_is_not_listed_and_can_be_completed() -> None:
    identity = model(1)
    storage.put(f"models/{identity}/model.onnx", "models/model.onnx")
    assert registry.entries() == []
    registry.register()
    assert [entry.id for entry in registry.entries()] == [identity]


def test_a_damaged_model_is_not_fetched() -> None:
    identity = model(1)
    registry.register()
    registry.promote(identity)
    other = Path("other.bin")
    other.write_bytes(b"two")
    storage.put(f"models/{identity}/model.onnx", other)
    with pytest.raises(UserError, match="damaged"):
        registry.fetch("champion", "served")
    assert list(Path("served").iterdir()) == []
