import os
import subprocess
import sys
from pathlib import Path

import pytest

from {{cookiecutter.package_name}}.artifacts import (
    atomic,
    fingerprint,
    read_json,
    sha256,
    write_json,
    write_text,
)
from {{cookiecutter.package_name}}.errors import UserError

KILLED = """
import os, sys
from {{cookiecutter.package_name}}.artifacts import atomic
with atomic(sys.argv[1]) as path:
    path.write_text("half")
    os.kill(os.getpid(), 9)
"""


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    write_text(tmp_path / "a/b/text", "grün")
    assert (tmp_path / "a/b/text").read_text(encoding="utf-8") == "grün"


def test_an_error_while_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "text"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "half \ud800")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["text"]  # noqa: PTH208


def test_a_kill_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "text"
    write_text(path, "old")
    done = subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert done.returncode == -9
    assert path.read_text() == "old"


def test_a_reader_never_sees_a_file_half_written(tmp_path: Path) -> None:
    path = tmp_path / "text"
    with atomic(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"


def test_json_comes_back_as_it_was(tmp_path: Path) -> None:
    data = {"name": "größe", "values": [1, 2.5, None, True]}
    write_json(tmp_path / "data.json", data)
    assert read_json(tmp_path / "data.json") == data


def test_a_number_that_is_not_json_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    write_json(path, 1)
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"loss": float("nan")})
    assert read_json(path) == 1


def test_a_missing_or_broken_file_names_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    with pytest.raises(UserError, match=r"data.json is missing: run `make pipeline`"):
        read_json(path)
    path.write_text("{")
    with pytest.raises(UserError, match=r"data.json is not JSON .*: run `make pipeline`"):
        read_json(path)


def test_a_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert sha256(tmp_path / "empty") == expected


def test_a_fingerprint_tells_where_one_part_ends() -> None:
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert len(fingerprint("ab", "c")) == 16
