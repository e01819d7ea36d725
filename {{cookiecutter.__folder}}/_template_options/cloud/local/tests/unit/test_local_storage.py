"""What only a lake in a folder has: where it lies, and what damage to a disk does."""

from pathlib import Path

import pytest

from {{cookiecutter.package_name}}.data import storage
from {{cookiecutter.package_name}}.errors import UserError


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAKE", raising=False)
    Path("source.txt").write_text("one")
    return tmp_path


def test_the_lake_lies_where_the_environment_or_env_says(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("LAKE=shared\nOTHER=1\n")
    storage.put("a/b", "source.txt")
    assert Path("shared/a/b").read_text() == "one"
    monkeypatch.setenv("LAKE", "elsewhere")
    storage.put("a/b", "source.txt")
    assert Path("elsewhere/a/b").read_text() == "one"


def test_a_flipped_byte_is_found() -> None:
    storage.put("a/b", "source.txt")
    Path("lake/a/b").write_text("One")
    with pytest.raises(UserError, match="lake/a/b is damaged"):
        storage.get("a/b", "back.txt")
    assert not Path("back.txt").exists()


def test_a_writer_that_died_before_the_last_move_left_the_old_file_good() -> None:
    storage.put("a/b", "source.txt")
    with Path("lake/a/.b.sha256").open("a") as notes:
        notes.write("0" * 64 + "\n")
    Path("lake/a/.b.4711").write_text("half of ano")
    storage.get("a/b", "back.txt")
    assert Path("back.txt").read_text() == "one"
    assert storage.keys() == ["a/b"]
