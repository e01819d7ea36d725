"""The default project as its owner has it after the first five minutes."""

import shutil
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from engines import Result, run


@dataclass(frozen=True)
class Project:
    """A rendered project, the environment of its commands, and what its first commit said."""

    folder: Path
    environment: dict[str, str]
    first_commit: str = ""

    def __call__(self, *command: str | Path, timeout: int = 900, **variables: str) -> Result:
        """Run a command in the project's folder, with more variables where a test needs them."""
        environment = self.environment | variables
        return run(*command, cwd=self.folder, environment=environment, timeout=timeout)

    def must(self, *command: str | Path, timeout: int = 900, **variables: str) -> str:
        """Run a command that has to succeed; what it said."""
        result = self(*command, timeout=timeout, **variables)
        assert not result.failed, result.output
        return result.output

    def clone(self, folder: Path) -> "Project":
        """Return a git clone that a test may break: what was committed, and no environment."""
        self.must("git", "clone", "--quiet", str(self.folder), str(folder))
        return Project(folder, self.environment)

    def commit(self, message: str) -> None:
        """Commit everything, whatever the hooks would say."""
        self.must("git", "add", "--all")
        self.must("git", "commit", "--quiet", "--no-verify", "--message", message)


def libraries(project: Path) -> set[str]:
    """Return what a project's training needs, one requirement each."""
    pyproject = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    groups = pyproject["dependency-groups"]
    return {*groups["train"], *groups["cpu"], *groups.get("edge", [])}


@pytest.fixture(scope="session")
def finished(
    render: Callable[..., Path],
    uv_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Project:
    """Return the default project after what its README says to do first, and the seconds it took.

    Tests share it: one that writes takes a clone.
    """
    project = Project(tmp_path_factory.mktemp("finished") / "digit-classifier", uv_environment)
    shutil.copytree(render(), project.folder)
    began = time.monotonic()
    project.must("git", "init", "--quiet", "--initial-branch=main")
    project.must("make", "setup", timeout=1500)
    project.must("git", "add", "--all")
    said = project.must("git", "commit", "-m", "Start from the template")
    project.must("make", "pipeline")
    project.commit("Train the first model")
    print(f"setup, pipeline and first commit: {time.monotonic() - began:.0f} s")
    return replace(project, first_commit=said)
