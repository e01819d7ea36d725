"""The git hooks of a rendered project: real commits, with the network left out of it."""

import pytest

from lanes.project import Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("finished")]


@pytest.fixture(scope="module")
def workbench(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a clone with its hooks installed."""
    clone = finished.clone(tmp_path_factory.mktemp("hooks") / "clone")
    clone.must("make", "setup")
    return clone


def test_the_first_commit_of_an_untouched_project_passes_every_hook(finished: Project) -> None:
    passed = [line for line in finished.first_commit.splitlines() if line.endswith("Passed")]
    assert [line.split("..")[0] for line in passed] == ["format and lint", "types", "unit tests"]


def test_a_badly_formatted_file_is_refused(workbench: Project) -> None:
    before = workbench.must("git", "rev-parse", "HEAD")
    bad = workbench.folder / "tests/unit/test_bad.py"
    bad.write_text("def test_bad( ) -> None:\n  assert 1+1==2\n", encoding="utf-8")
    workbench.must("git", "add", "--all")
    commit = workbench("git", "commit", "--message", "Badly formatted")
    assert commit.failed
    assert "tests/unit/test_bad.py" in commit.output
    assert workbench.must("git", "rev-parse", "HEAD") == before
