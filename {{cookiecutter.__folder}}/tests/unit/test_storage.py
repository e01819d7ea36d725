"""The storage port, on whichever lake stands behind it."""

from pathlib import Path

import pytest

from {{cookiecutter.package_name}}.data import storage
from {{cookiecutter.package_name}}.errors import UserError


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAKE", raising=False)
    return tmp_path


def kept(text: str, key: str) -> None:
    Path("source.txt").write_text(text)
    storage.put(key, "source.txt")


def test_what_is_put_comes_back() -> None:
    kept("one", "models/größe 1/model.json")
    assert storage.exists("models/größe 1/model.json")
    storage.get("models/größe 1/model.json", "back/to.json")
    assert Path("back/to.json").read_text() == "one"


def test_a_key_holds_what_was_put_there_last() -> None:
    for text in ("one", "two", "one"):
        kept(text, "a/b")
        storage.get("a/b", "back.txt")
        assert Path("back.txt").read_text() == text


def test_keys_are_listed_by_prefix_and_nothing_else_is() -> None:
    assert storage.keys() == []
    for key in ("b/2", "a/1", "b/1", "bc"):
        kept(key, key)
    assert storage.keys() == ["a/1", "b/1", "b/2", "bc"]
    assert storage.keys("b/") == ["b/1", "b/2"]


def test_a_missing_key_is_named_and_no_file_is_left() -> None:
    with pytest.raises(UserError, match="no models/x"):
        storage.get("models/x", "back.txt")
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("key", ["", "/etc/x", "../x", "a/../x", "a//b", "a/.b", "a/", "a\\b"])
def test_a_key_cannot_leave_the_lake(key: str) -> None:
    with pytest.raises(UserError, match="is no key"):
        kept("one", key)
