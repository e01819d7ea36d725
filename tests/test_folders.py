"""Where a project may be rendered to: an empty folder. What a user has is never touched."""

import hashlib
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import Render
from engines import Engine, git, tree

REASON = "take an empty one, or update"


def snapshot(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("name", ["README.md", "notes.txt", "src/mine.py", ".env"])
def test_copier_refuses_a_folder_with_a_users_file_and_changes_nothing(
    name: str, lean_engines: dict[str, Engine], tmp_path: Path
) -> None:
    mine = tmp_path / "project" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine\n")
    before = snapshot(tmp_path)
    result = lean_engines["copier"].render(tmp_path)
    assert result.failed
    assert REASON in result.output
    assert snapshot(tmp_path) == before


def test_cookiecutter_told_to_overwrite_refuses_as_well(
    lean_engines: dict[str, Engine], tmp_path: Path
) -> None:
    mine = tmp_path / "digit-classifier/README.md"
    mine.parent.mkdir()
    mine.write_text("mine\n")
    before = snapshot(tmp_path)
    result = lean_engines["cookiecutter"].render(tmp_path, "--overwrite-if-exists")
    assert result.failed
    assert REASON in result.output
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("engine", ["cookiecutter", "copier"])
def test_an_empty_git_repository_is_filled(
    engine: str,
    lean_engines: dict[str, Engine],
    environment: dict[str, str],
    tmp_path: Path,
    render_lean: Render,
) -> None:
    project = tmp_path / ("project" if engine == "copier" else "digit-classifier")
    project.mkdir()
    git(project, "init", "--quiet", environment=environment)
    options = [] if engine == "copier" else ["--overwrite-if-exists"]
    result = lean_engines[engine].render(tmp_path, *options)
    assert not result.failed, result.output
    assert tree(project) == tree(render_lean())


def test_copier_without_trust_says_why_and_writes_nothing(
    lean_engines: dict[str, Engine], tmp_path: Path
) -> None:
    engine = lean_engines["copier"]
    result = engine("copy", "--defaults", str(engine.template), "project", cwd=tmp_path)
    assert result.code == 4
    assert "--trust" in result.output
    assert "tasks" in result.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("engine", ["cookiecutter", "copier"])
def test_rendering_needs_no_network(
    engine: str, lean_engines: dict[str, Engine], tmp_path: Path
) -> None:
    if os.geteuid() or not shutil.which("unshare"):
        pytest.skip("needs root and unshare, to cut the network off")
    cut_off = replace(lean_engines[engine], prefix=("unshare", "-rn"))
    result = cut_off.render(tmp_path / "out")
    assert not result.failed, result.output
    assert len(list((tmp_path / "out").iterdir())) == 1


@pytest.mark.parametrize("engine", ["cookiecutter", "copier"])
def test_rendering_writes_nothing_outside_the_target(
    engine: str, lean_engines: dict[str, Engine], lean_template: Path, tmp_path: Path
) -> None:
    source = shutil.copytree(lean_template, tmp_path / "template")
    (tmp_path / "home/tmp").mkdir(parents=True)
    environment = lean_engines[engine].environment | {
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "home/tmp"),
    }
    before = snapshot(tmp_path)
    result = Engine(engine, source, environment).render(tmp_path / "out")
    assert not result.failed, result.output
    new = set(snapshot(tmp_path)) - set(before)
    foreign = {name for name in new if not name.startswith("out")}
    # Cookiecutter's own record of the last answers, and the rendered hooks that it runs.
    theirs = re.compile(r"home/(\.cookiecutter_replay(/template\.json)?|tmp/tmp\w+\.py)")
    assert all(theirs.fullmatch(name) for name in foreign), foreign
    assert {name: digest for name, digest in snapshot(tmp_path).items() if name in before} == before
    assert len(list((tmp_path / "out").iterdir())) == 1
