"""The template's own tools: the assembler's lint, the wheel index, `make try`."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import wheel_index
from engines import OPTIONS, ROOT, Engine, run

ASSEMBLER = ROOT / OPTIONS / "assemble.py"
# Beside it lies the template's pyproject.toml, which is no TOML before it is rendered.
CONFIG = ("--config", str(ROOT / "pyproject.toml"))
attempt = importlib.import_module("try")


@pytest.mark.parametrize(
    "command",
    [("ruff", "format", "--check", *CONFIG), ("ruff", "check", *CONFIG), ("mypy", "--strict")],
    ids=["format", "lint", "types"],
)
def test_the_assembler_is_as_clean_as_the_rest(command: tuple[str, ...]) -> None:
    """The linters leave the template's folder out, and this file never reaches a project."""
    result = run(sys.executable, "-m", *command, ASSEMBLER, cwd=ROOT)
    assert not result.failed, result.output


def test_the_assembler_can_be_read_at_a_glance() -> None:
    assert len(ASSEMBLER.read_text(encoding="utf-8").splitlines()) <= 100


def test_a_wheel_index_lists_each_wheel_with_its_digest(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "Some_Package-1.0-py3-none-any.whl").write_bytes(b"wheel")
    setting = wheel_index.write_index(tmp_path / "index", wheels)
    there = (tmp_path / "index").as_uri()
    assert setting == f"pytorch-cpu={there} pytorch-cu130={there}"
    assert 'href="some-package/"' in (tmp_path / "index/index.html").read_text()
    page = (tmp_path / "index/some-package/index.html").read_text()
    assert re.search(r'href="file://\S+any\.whl#sha256=[0-9a-f]{64}"', page)


def test_the_names_in_the_wheel_index_are_the_ones_in_the_project() -> None:
    part = (ROOT / OPTIONS / "framework/pytorch/_parts/sources.cuda.toml").read_text("utf-8")
    assert tuple(re.findall(r'^name = "(.*)"$', part, re.MULTILINE)) == wheel_index.INDEXES


def test_a_folder_without_wheels_is_an_error_of_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert wheel_index.main([str(tmp_path / "out"), str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"no wheel in {tmp_path}\n"
    assert not (tmp_path / "out").exists()


def test_a_try_keeps_the_environment_of_the_last_one_and_drops_old_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lean_engines: dict[str, Engine]
) -> None:
    monkeypatch.setattr(attempt, "TRY", tmp_path)
    monkeypatch.setattr(attempt, "ROOT", _repository(tmp_path / "source", lean_engines))
    old = tmp_path / "leaf-reader"
    (old / ".venv").mkdir(parents=True)
    (old / "src").mkdir()
    (old / "src/old.py").write_text("")
    project = attempt.renew(["project_name=Leaf Reader"])
    assert project == old
    assert (project / ".venv").is_dir()
    assert not (project / "src/old.py").exists()
    assert (project / ".git").is_dir(), "or its hooks go into the template's repository"
    assert (project / "src/leaf_reader/__main__.py").is_file()


def test_a_try_with_a_word_that_is_no_answer_says_how_to_use_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert attempt.main(["tensorboard"]) == 2
    assert "tracker=tensorboard" in capsys.readouterr().err


def _repository(folder: Path, engines: dict[str, Engine]) -> Path:
    engine = engines["cookiecutter"]
    subprocess.run(["cp", "-r", engine.template, folder], check=True)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    assert json.loads((folder / "cookiecutter.json").read_text())
    return folder
