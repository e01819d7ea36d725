import subprocess
from pathlib import Path

import pytest

from {{cookiecutter.package_name}}.provenance import code_revision, lock_hash


def git(*words: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    command = ["git", *identity, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src/code.py").write_text("x = 1\n")
    (tmp_path / "params.yaml").write_text("seed: 0\n")
    return tmp_path


def commit() -> str:
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    return git("rev-parse", "HEAD")


def test_a_clean_tree_is_its_revision() -> None:
    revision = commit()
    assert code_revision() == revision


def test_changed_code_is_dirty(folder: Path) -> None:
    revision = commit()
    (folder / "src/code.py").write_text("x = 2\n")
    assert code_revision() == f"{revision}-dirty"


def test_a_new_module_is_dirty(folder: Path) -> None:
    revision = commit()
    (folder / "src/new.py").touch()
    assert code_revision() == f"{revision}-dirty"


def test_a_report_that_the_run_itself_wrote_is_not_dirty(folder: Path) -> None:
    revision = commit()
    (folder / "dvc.lock").write_text("changed\n")
    assert code_revision() == revision


def test_a_folder_without_git_is_unversioned() -> None:
    assert code_revision() == "unversioned"


def test_a_repository_without_a_commit_is_unversioned() -> None:
    git("init", "--quiet")
    assert code_revision() == "unversioned"


def test_a_repository_around_the_project_does_not_lend_it_its_revision(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit()
    (folder / "project").mkdir()
    (folder / "project/params.yaml").touch()
    monkeypatch.chdir(folder / "project")
    assert code_revision() == "unversioned"


def test_the_lock_is_hashed_where_there_is_one(folder: Path) -> None:
    assert lock_hash() == "none"
    (folder / "uv.lock").write_text("")
    assert lock_hash().startswith("e3b0c442")
