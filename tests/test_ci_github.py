"""The workflows of `ci=github`: linted as GitHub and an auditor would, and executed with act."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from engines import run
from lanes.act import Act, tool
from lanes.project import Project

NOWHERE = "0" * 40


def test_workflows_have_no_finding(render: Callable[..., Path]) -> None:
    command = [tool("zizmor"), "--offline", "--persona", "auditor", "--strict-collection"]
    result = run(*command, ".github", cwd=render())
    assert not result.failed, result.output
    assert "No findings" in result.output


@pytest.mark.parametrize(
    ("schema", "files"),
    [("github-workflows", "workflows/*.yml"), ("dependabot", "dependabot.yml")],
)
def test_workflows_fit_their_schema(render: Callable[..., Path], schema: str, files: str) -> None:
    paths = sorted((render() / ".github").glob(files))
    assert paths
    command = [tool("check-jsonschema"), "--builtin-schema", f"vendor.{schema}"]
    result = run(*command, *paths, cwd=render())
    assert not result.failed, result.output


def test_jobs_only_call_targets_that_exist(render: Callable[..., Path]) -> None:
    workflow = (render() / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    called = re.findall(r"run: make (?:--silent )?(\S+)", workflow)
    makefiles = [render() / "Makefile", *(render() / "make").glob("*.mk")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in makefiles)
    assert workflow.count("run: ") == len(called) > 5
    assert set(called) <= set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))


@pytest.mark.slow
@pytest.mark.xdist_group("finished")
@pytest.mark.evidence("ci", "github", "real tool executed", "ci.yml run by act to green")
def test_a_good_change_is_green_and_its_metrics_stand_beside_those_of_main(
    finished: Project, tmp_path: Path
) -> None:
    clone = finished.clone(tmp_path / "clone")
    params = clone.folder / "params.yaml"
    text = params.read_text(encoding="utf-8")
    params.write_text(text.replace("epochs: 15", "epochs: 11"), encoding="utf-8")
    clone.commit("Train for fewer epochs")
    act = Act(clone, tmp_path / "state")
    request = {"base": {"ref": "main"}, "head": {"ref": "fewer-epochs"}}
    result = act("pull_request", {"pull_request": request}, "-W", ".github/workflows/ci.yml")
    assert not result.failed, result.output[-4000:]
    assert re.findall(r"\[ci/(\w+)\s*\] 🏁  Job succeeded", result.output) == ["check", "test"]
    assert re.search(r"\| *reports/metrics.json *\| *loss *\|", result.output)
    model = json.loads((tmp_path / "state/artifacts/model/model.json").read_text(encoding="utf-8"))
    assert model["metrics"]["accuracy"] > 0.95


@pytest.mark.slow
@pytest.mark.xdist_group("finished")
@pytest.mark.evidence("ci", "github", "real tool executed", "ci.yml run by act to red")
def test_a_commit_that_breaks_a_unit_test_is_red_and_names_the_job(
    finished: Project, tmp_path: Path
) -> None:
    clone = finished.clone(tmp_path / "clone")
    broken = clone.folder / "tests/unit/test_broken.py"
    broken.write_text("def test_broken() -> None:\n    assert 1 + 1 == 3\n", encoding="utf-8")
    clone.commit("Break a unit test")
    result = Act(clone, tmp_path / "state")("push", {"ref": "refs/heads/main"}, "-j", "test")
    assert result.failed
    assert "tests/unit/test_broken.py::test_broken" in result.output
    assert "Job 'check' failed" in result.output
    assert "[ci/test" not in result.output


@pytest.mark.slow
@pytest.mark.xdist_group("finished")
def test_a_project_without_a_lock_file_is_told_how_to_make_one(
    finished: Project, tmp_path: Path
) -> None:
    clone = finished.clone(tmp_path / "clone")
    (clone.folder / "uv.lock").unlink()
    clone.commit("Forget the lock file")
    result = Act(clone, tmp_path / "state")("push", {"ref": "refs/heads/main"}, "-j", "check")
    assert result.failed
    assert "uv.lock is missing: run make setup, then git add uv.lock" in result.output


@pytest.mark.slow
@pytest.mark.xdist_group("finished")
def test_the_first_run_has_nothing_to_compare_with_and_says_so(finished: Project) -> None:
    said = finished.must("make", "--silent", "metrics", BASE=NOWHERE)
    assert "nothing to compare" in said.lower()
