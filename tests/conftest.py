"""A clean export of the work tree, rendered by whichever engine a test asks for."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import wheel_index
from engines import ENGINES, ROOT, Engine, clean_environment, commit, run

pytest_plugins = ["evidence", "lanes.project"]

Render = Callable[..., Path]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment in which engines and git run; its home starts empty."""
    return clean_environment(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what would be committed: no cache, no ignored file gets in."""
    folder = tmp_path_factory.mktemp("template") / "cookiecutter-mlops"
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout
    for name in names.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def repository(template: Path, environment: dict[str, str]) -> Path:
    """Return the export as a git repository with the tag v1, for cruft and for updates."""
    folder = shutil.copytree(template, template.parent / "repository/cookiecutter-mlops")
    commit(folder, environment, tag="v1")
    return folder


@pytest.fixture(scope="session")
def lean_template(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the template without most of its Python, its tests and its docs.

    These are copied as they are, whatever the answers, and an engine's time grows with the files.
    """
    folder = tmp_path_factory.mktemp("lean") / "cookiecutter-mlops"
    kept = {"assemble.py", "__main__.py", "errors.py"}
    for path in template.rglob("*"):
        name = path.relative_to(template)
        code = path.suffix in {".py", ".js", ".html"} and name.parts[0] not in {"hooks", "tools"}
        aside = {"tests", "docs", "bench"} & set(name.parts) or (code and path.name not in kept)
        if path.is_file() and not aside:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, folder / name)
    return folder


@pytest.fixture
def copy_of_template(lean_template: Path, tmp_path: Path) -> Path:
    """Return a copy of the lean template that a test may edit and commit to."""
    return shutil.copytree(lean_template, tmp_path / "template")


@pytest.fixture(scope="session")
def engines(template: Path, repository: Path, environment: dict[str, str]) -> dict[str, Engine]:
    """Return the engines on the whole template; cruft takes nothing but a repository."""
    return {
        name: Engine(name, repository if name == "cruft" else template, environment)
        for name in ENGINES
    }


@pytest.fixture(scope="session")
def lean_engines(lean_template: Path, environment: dict[str, str]) -> dict[str, Engine]:
    return {name: Engine(name, lean_template, environment) for name in ("cookiecutter", "copier")}


def _renderer(engines: dict[str, Engine], factory: pytest.TempPathFactory) -> Render:
    known: dict[str, Path] = {}

    def render(engine: str = "cookiecutter", **answers: str) -> Path:
        key = json.dumps([engine, answers], sort_keys=True)
        if key not in known:
            folder = factory.mktemp(engine)
            result = engines[engine].render(folder, **answers)
            assert not result.failed, result.output
            (known[key],) = folder.iterdir()
        return known[key]

    return render


@pytest.fixture(scope="session")
def render(engines: dict[str, Engine], tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Return the function that renders and gives the project's folder, once per set of answers.

    Tests share what it returns: one that writes takes a copy.
    """
    return _renderer(engines, tmp_path_factory)


@pytest.fixture(scope="session")
def render_lean(
    lean_engines: dict[str, Engine], tmp_path_factory: pytest.TempPathFactory
) -> Render:
    """Return the same function for the lean template."""
    return _renderer(lean_engines, tmp_path_factory)


@pytest.fixture(scope="session")
def uv_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what `uv` and `make` need in a rendered project, on a closed network too.

    The home stays the person's own, so that uv finds its cache; where `$PIP_FIND_LINKS` names a
    folder of wheels, torch comes from there.
    """
    found = clean_environment(tmp_path_factory.mktemp("uv"))
    found["HOME"] = str(Path.home())
    wheels = Path(found.get("PIP_FIND_LINKS") or "/nonexistent")
    if "UV_INDEX" not in found and any(wheels.glob("torch-*.whl")):
        found["UV_INDEX"] = wheel_index.write_index(tmp_path_factory.mktemp("simple"), wheels)
    return found


@pytest.fixture(scope="session")
def installed(
    render: Render, uv_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the default project with its environment installed, as a repository of one commit."""
    project = tmp_path_factory.mktemp("installed") / "digit-classifier"
    shutil.copytree(render(), project)
    result = run("uv", "sync", cwd=project, environment=uv_environment, timeout=1500)
    assert not result.failed, result.output
    commit(project, uv_environment)
    return project
