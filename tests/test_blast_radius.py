"""Flipping one question changes that question's own paths and the three shared files: no more."""

import shutil
from pathlib import Path

import pytest

from conftest import Render
from engines import CHOICES, OPTIONS, SOURCE, Engine, option_files, tree

SHARED = {"pyproject.toml", ".env.example", "README.md"}
FLIPS = [
    pytest.param(question, choice, id=f"{question}-{choice}")
    for question in CHOICES
    if question in SOURCE["_questions"]
    for choice in CHOICES[question][1:]
]

UNASKED = [q for q in SOURCE["_questions"] if SOURCE.get(f"_{q}", "none") != "none"]


def own_paths(template: Path, question: str, package: str) -> set[str]:
    """Every path that some choice of a question fills."""
    return {
        path.replace("{{cookiecutter.package_name}}", package)
        for questions, _, path in option_files(template)
        if question in questions
    }


def changed(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    return {name for name in before | after if before.get(name) != after.get(name)}


@pytest.mark.parametrize(("question", "choice"), FLIPS)
def test_one_question_touches_its_own_paths_only(
    question: str, choice: str, render: Render, template: Path
) -> None:
    touched = changed(tree(render()), tree(render(**{question: choice})))
    assert touched
    assert touched <= own_paths(template, question, "digit_classifier") | SHARED


def test_the_python_version_touches_only_where_python_is_declared(render: Render) -> None:
    touched = changed(tree(render()), tree(render(python_version="3.12")))
    assert touched <= {".python-version", "pyproject.toml", "Dockerfile"}


@pytest.mark.parametrize("question", UNASKED)
def test_a_question_that_is_not_asked_yet_touches_its_own_paths_only(
    question: str, template: Path, environment: dict[str, str], tmp_path: Path, render: Render
) -> None:
    """Taking a port's only folder away shows what it fills, though nobody can answer so."""
    choice = SOURCE[f"_{question}"]
    copied = shutil.copytree(template, tmp_path / "template")
    paths = own_paths(copied, question, "digit_classifier")
    shutil.rmtree(copied / OPTIONS / question / choice)
    engine = Engine("cookiecutter", copied, environment)
    result = engine.render(tmp_path / "out")
    assert not result.failed, result.output
    (project,) = (tmp_path / "out").iterdir()
    assert changed(tree(render()), tree(project)) <= paths | SHARED
