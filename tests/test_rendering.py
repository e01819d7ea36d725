"""What every rendering has to be, for a set of answers in which all pairs of choices meet."""

import json
import re
import sys
import tomllib
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from conftest import Render
from covering import Answers, covering, each_choice
from engines import CHOICES, OPTIONS, ROOT, SOURCE, option_files, run, tree

ROWS = covering(CHOICES, [pair["choices"] for pair in SOURCE["_unsupported"]])
LISTING = ROOT / "tests/default_project.txt"
# Some of them own `{{ }}` or `${{ }}`, and say so by a raw block around the whole file.
RAW = "{% raw -%}"
JINJA = re.compile(r"\{\{|\{%|\{#")


def _named(row: Answers) -> str:
    return "-".join(row.values())


@pytest.fixture(
    params=[pytest.param(r, id=_named(r), marks=pytest.mark.xdist_group(_named(r))) for r in ROWS]
)
def answers(request: pytest.FixtureRequest) -> Answers:
    return dict(request.param)


@pytest.fixture
def project(render: Render, answers: Answers) -> Path:
    return render(**answers)


@pytest.mark.parametrize("row", each_choice(ROWS), ids=_named)
def test_copier_renders_what_cookiecutter_renders(render: Render, row: Answers) -> None:
    assert tree(render("copier", **row)) == tree(render(**row))


@pytest.mark.parametrize("row", [{}, ROWS[-1]], ids=["default", "another"])
def test_cruft_renders_what_cookiecutter_renders(render: Render, row: Answers) -> None:
    assert tree(render("cruft", **row)) == tree(render(**row))


def test_every_file_of_data_parses(project: Path) -> None:
    for path in project.rglob("*"):
        if path.suffix == ".toml":
            tomllib.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix in {".yaml", ".yml"}:
            list(yaml.compose_all(path.read_text(encoding="utf-8")))


def test_every_module_compiles(project: Path) -> None:
    for path in project.rglob("*.py"):
        compile(path.read_text(encoding="utf-8"), str(path), "exec")


def test_nothing_of_the_template_shows(project: Path, template: Path) -> None:
    raw = {
        path.name
        for path in template.rglob("*")
        if path.is_file() and RAW.encode() in path.read_bytes()
    }
    assert not list(project.rglob("_template_options"))
    assert not list(project.rglob(".cookiecutter-mlops"))
    assert not [*project.rglob("_parts"), *project.rglob("_with")]
    for name, content in _texts(project).items():
        assert "cookiecutter" not in name
        assert "cookiecutter" not in content, name
        if Path(name).name not in raw:
            assert not JINJA.search(content.replace("${{", "")), name


def test_no_seam_shows(project: Path) -> None:
    for name, content in _texts(project).items():
        if content:
            assert content.endswith("\n"), name
            assert not content.endswith("\n\n"), name
            assert name == "LICENSE" or not content.startswith("\n"), name
        if not name.endswith((".py", ".svg")):
            assert "\n\n\n" not in content, name
        assert not re.search(r"[ \t]\n", content), name


def test_ruff_finds_nothing_with_the_projects_own_rules(project: Path) -> None:
    for command in (["format", "--check"], ["check"]):
        result = run(sys.executable, "-m", "ruff", *command, "--no-cache", ".", cwd=project)
        assert not result.failed, result.output


def test_the_default_project_has_exactly_the_files_that_are_listed(render: Render) -> None:
    """`make listing` writes the list: its diff shows a reader what a change adds or takes away."""
    assert "\n".join(sorted(tree(render()))) + "\n" == LISTING.read_text(encoding="utf-8")


def test_two_chosen_options_never_write_one_path(template: Path) -> None:
    owners: dict[str, list[set[str]]] = {}
    for questions, _, path in option_files(template):
        owners.setdefault(path, []).append(questions)
    for name, owning in owners.items():
        assert not (template / OPTIONS).parent.joinpath(name).exists(), f"{name} is base's too"
        for first, second in combinations(owning, 2):
            # Two choices of one question are never chosen together.
            assert first & second, f"{name}: {owning}"


def test_python_carries_no_jinja_but_the_packages_name_in_tests(template: Path) -> None:
    names = re.compile(r"\{\{ ?cookiecutter\.package_name ?\}\}")
    for path in (template / OPTIONS).parent.rglob("*.py"):
        content = path.read_text(encoding="utf-8")
        if "tests" in path.parts:
            content = names.sub("name", content)
        if path.name != "assemble.py":
            assert not JINJA.search(content), path
        assert "{%" not in content, path


def test_a_package_name_of_thirty_letters_keeps_the_format(render: Render) -> None:
    project = render(package_name="a" * 30)
    for command in (["format", "--check"], ["check"]):
        result = run(sys.executable, "-m", "ruff", *command, "--no-cache", ".", cwd=project)
        assert not result.failed, result.output


def test_a_package_name_of_one_letter_keeps_the_format(render: Render) -> None:
    result = run(
        *(sys.executable, "-m", "ruff", "format", "--check", "--no-cache", "."),
        cwd=render(package_name="m"),
    )
    assert not result.failed, result.output


def _texts(project: Path) -> dict[str, str]:
    found = {}
    for name, content in tree(project).items():
        try:
            found[name] = content.decode("utf-8")
        except UnicodeDecodeError:
            assert Path(name).suffix in {".png", ".ico", ".parquet"}, name
    return found
