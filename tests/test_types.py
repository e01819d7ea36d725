"""Projects that together hold every adapter are strictly typed; one environment serves all."""

import shutil
import tomllib
from pathlib import Path

import pytest

from conftest import Render
from covering import covering
from engines import CHOICES, OPTIONS, ROOT, SOURCE, run
from lanes.project import libraries

# Breaks a builder that takes these texts as they are.
AWKWARD = {
    "project_description": 'It\'s "one" \\ two\nlines é 🎉 # = [x]',
    "author_name": 'Ann "A" O\'Neil, \\ Ü 🎉',
}
QUESTIONS = ("framework", "tracker", "tuner", "edge")
# Each pair of choices at least once, because one choice may hold adapters for another.
UNSUPPORTED = [pair["choices"] for pair in SOURCE["_unsupported"]]
SETS = covering({question: CHOICES[question] for question in QUESTIONS}, UNSUPPORTED)


@pytest.fixture(scope="module")
def typed(
    render: Render, uv_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a project with awkward texts whose environment holds every adapter's libraries."""
    project = tmp_path_factory.mktemp("typed") / "project"
    shutil.copytree(render(**AWKWARD), project)
    needed = [libraries(render(**answers)) for answers in SETS]
    wanted = sorted(set().union(*needed) - libraries(project))
    synced = run("uv", "sync", cwd=project, environment=uv_environment, timeout=1500)
    assert not synced.failed, synced.output
    added = run("uv", "pip", "install", *wanted, cwd=project, environment=uv_environment)
    assert not added.failed, added.output
    return project


@pytest.mark.slow
@pytest.mark.parametrize("answers", SETS, ids=lambda answers: "-".join(answers.values()))
def test_a_project_is_strictly_typed(
    answers: dict[str, str],
    typed: Path,
    render: Render,
    uv_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    project = shutil.copytree(render(**answers), tmp_path / "project")
    python = typed / ".venv/bin/python"
    # Both share what mypy knows of the libraries.
    command = (python, "-m", "mypy", "--python-executable", python, "--cache-dir", typed / ".types")
    result = run(*command, cwd=project, environment=uv_environment)
    assert not result.failed, result.output


@pytest.mark.slow
def test_no_package_can_be_called_like_anything_in_the_lock(typed: Path) -> None:
    """Else the project's own name hides a dependency from uv; `make taken` writes the list."""
    locked = tomllib.loads((typed / "uv.lock").read_text(encoding="utf-8"))["package"]
    names = {row["name"].replace("-", "_") for row in locked} - {"digit_classifier"}
    taken = (ROOT / OPTIONS / "taken.txt").read_text(encoding="utf-8").split()
    assert names <= set(taken)
