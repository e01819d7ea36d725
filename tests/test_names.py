"""Names and texts that people really type: a valid project, or a refusal with its reason."""

import ast
import keyword
import re
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from conftest import Render
from engines import SOURCE, Engine, tree

BOTH = ("cookiecutter", "copier")
RULE = re.compile(SOURCE["_rules"]["package_name"][0])
DERIVED = Environment(autoescape=False).from_string(SOURCE["package_name"])  # noqa: S701

# What is typed as the project's name, and the package that comes of it.
NAMES = {
    "spaces": ("My  Digit Reader", "my_digit_reader"),
    "hyphens": ("digit-reader", "digit_reader"),
    "capitals": ("DigitReader", "digitreader"),
    "umlauts": ("Märchen für Übermut", "maerchen_fuer_uebermut"),
    "hangul": ("손글씨 Reader", "reader"),
    "hangul only": ("손글씨", "project"),
    "quotes": ('Ann\'s "best" reader', "ann_s_best_reader"),
    "backslash": ("a\\b \\n c", "a_b_n_c"),
    "leading digit": ("3 Digits", "ml_3_digits"),
    "200 characters": ("Reader " * 28 + "last", "reader_reader_reader_reader_re"),
    "a path": ("../x", "x"),
    "markup": ("<b> & #1 | `x` $(y) 100%", "b_1_x_y_100"),
    "emoji": ("Reader 🎉", "reader"),
}
REFUSED = {
    "braces": ({"project_name": "Model {v2}"}, "without braces"),
    "two lines": ({"project_name": "Model\nv2"}, "one line"),
    "blank": ({"project_name": "  "}, "one line of text"),
    "keyword": ({"project_name": "Import"}, "'import' is a keyword"),
    "soft keyword": ({"project_name": "Match"}, "'match' is a keyword"),
    "stdlib": ({"project_name": "JSON"}, "'json' is a module of Python's standard library"),
    "dependency": ({"project_name": "Torch"}, "'torch' is taken"),
    "dependency of a dependency": ({"project_name": "Requests"}, "'requests' is taken"),
    "dependency with a hyphen": ({"package_name": "pandas_stubs"}, "taken by a dependency"),
    "import name of one": ({"package_name": "sklearn"}, "taken by a dependency"),
    "folder": ({"package_name": "tests"}, "taken by a dependency or a folder"),
    "capital package": ({"package_name": "Digits"}, "a-z"),
    "path as package": ({"package_name": "../x"}, "a-z"),
    "hyphen in package": ({"package_name": "digit-reader"}, "a-z"),
    "underscore last": ({"package_name": "digits_"}, "not ending with _"),
    "long package": ({"package_name": "a" * 31}, "1 to 30"),
    "braces in the author": ({"author_name": "{me}"}, "without braces"),
    "no author": ({"author_name": " "}, "must be a text"),
    "no address": ({"author_email": "me"}, "an address"),
    "two lines in the address": ({"author_email": "a@b.c\nx"}, "an address"),
}
TEXTS = {
    "quotes": 'It\'s "the" \'\'\'one\'\'\' """or""" two',
    "backslashes": "C:\\new\\table \\u0041 \\",
    "lines": "first\nsecond\n\n\tthird, tabbed",
    "emoji": "🎉 👩\u200d💻 é 손글씨",
    "control": "bell \x07 tab \x0b next line \x85 separator \u2028 delete \x7f",
    "toml": "= [a] # not a comment, 1979-05-27",
    "yaml": "- *alias &anchor !tag % @ ` | > : ? no ~",
    "markup": "<script>alert(1)</script> | [x](y) $HOME `id` %s",
}


@pytest.mark.parametrize("engine", BOTH)
@pytest.mark.parametrize(("name", "package"), NAMES.values(), ids=NAMES)
def test_a_name_becomes_a_valid_project(
    engine: str, name: str, package: str, render_lean: Render
) -> None:
    project = render_lean(engine, project_name=name)
    assert_valid(project, package)
    assert (project / "README.md").read_text(encoding="utf-8").startswith(f"# {name}\n")
    if engine == "cookiecutter":
        assert project.name == package.replace("_", "-")


@pytest.mark.parametrize("engine", BOTH)
@pytest.mark.parametrize(("answers", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_name_that_cannot_be_is_refused_with_the_reason_and_nothing_is_left(
    engine: str,
    answers: dict[str, str],
    reason: str,
    lean_engines: dict[str, Engine],
    tmp_path: Path,
) -> None:
    result = lean_engines[engine].render(tmp_path / "there", **answers)
    assert result.failed
    assert reason in result.output
    assert list(tmp_path.rglob("*")) == [tmp_path / "there"]


def test_braces_typed_at_the_prompt_are_refused_too(
    lean_engines: dict[str, Engine], tmp_path: Path
) -> None:
    typed = "{{ 7*7 }}\n" + "\n" * 20
    result = lean_engines["cookiecutter"].render(tmp_path / "there", typed=typed)
    assert result.failed
    assert "without braces" in result.output
    assert not list((tmp_path / "there").iterdir())


@pytest.mark.parametrize(("kind", "other"), list(zip(TEXTS, reversed(TEXTS), strict=True)))
def test_description_and_author_survive_as_they_were_typed(
    kind: str, other: str, render_lean: Render
) -> None:
    description, author = TEXTS[kind], TEXTS[other]
    answers = {"project_description": description, "author_name": author}
    project = render_lean(**answers)
    metadata = assert_valid(project, "digit_classifier")
    assert metadata["description"] == description
    # Package builders refuse an author of two lines.
    assert metadata["authors"][0]["name"] == " ".join(author.split())
    by_copier = render_lean("copier", **answers)
    assert tree(by_copier) == tree(project)
    record = yaml.safe_load((by_copier / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert record["project_description"] == description
    assert record["author_name"] == author


def assert_valid(project: Path, package: str) -> dict[str, Any]:
    """Check what every valid project has, and return its metadata."""
    metadata = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert metadata["name"] == package.replace("_", "-")
    assert package.isidentifier()
    assert not keyword.iskeyword(package)
    assert len(package) <= 30
    assert (project / "src" / package / "__main__.py").is_file()
    for path in project.rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"))
    for path in project.rglob("*.y*ml"):
        list(yaml.compose_all(path.read_text(encoding="utf-8")))
    return dict(metadata)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_whatever_is_typed_the_derived_package_name_is_one(name: str) -> None:
    assert RULE.fullmatch(DERIVED.render(cookiecutter={"project_name": name}))


def test_a_wrong_choice_is_refused_by_both_engines(
    lean_engines: dict[str, Engine], tmp_path: Path
) -> None:
    for name, engine in lean_engines.items():
        result = engine.render(tmp_path / name, tracker="pen-and-paper")
        assert result.failed
        assert "pen-and-paper" in result.output
        assert not list((tmp_path / name).iterdir())


def test_the_package_can_be_imported(render_lean: Render, tmp_path: Path) -> None:
    project = shutil.copytree(render_lean(project_name="Märchen für Übermut"), tmp_path / "p")
    sys.path.insert(0, str(project / "src"))
    try:
        assert __import__("maerchen_fuer_uebermut.errors")
    finally:
        sys.path.remove(str(project / "src"))
