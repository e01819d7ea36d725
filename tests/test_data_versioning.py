"""DVC in a rendered project: it re-runs what it must, survives kills, and knows every byte."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from lanes.project import Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("finished")]

STAGES = ("ingest", "validate", "prepare", "train@cnn", "train@mlp", "select", "export", "evaluate")


@pytest.fixture(scope="module")
def project(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a clone with the data and models of the finished project's cache."""
    clone = finished.clone(tmp_path_factory.mktemp("versions") / "clone")
    clone.must("make", "setup")
    shutil.copytree(finished.folder / ".dvc/cache", clone.folder / ".dvc/cache")
    clone.must("uv", "run", "--no-sync", "dvc", "checkout")
    return clone


def stages_run(output: str) -> list[str]:
    return [line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")]


def change(project: Project, name: str, old: str, new: str) -> None:
    path = project.folder / name
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def flip_a_bit(path: Path) -> None:
    """Change a bit in the middle of a file, and keep its size and date."""
    stat, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def files(project: Project) -> dict[str, bytes]:
    """Return what DVC keeps, without the tables of a person."""
    found = [p for top in ("data", "models") for p in (project.folder / top).rglob("*")]
    return {
        path.relative_to(project.folder).as_posix(): path.read_bytes()
        for path in found
        if path.is_file() and path.parent.name != "source"
    }


def test_a_finished_pipeline_does_nothing(project: Project) -> None:
    output = project.must("make", "pipeline")
    assert stages_run(output) == []
    assert "up to date" in output
    assert project.must("git", "status", "--porcelain") == ""


def test_a_change_of_one_models_params_trains_that_model_alone(project: Project) -> None:
    change(project, "params.yaml", "widths: [256, 256]", "widths: [32]")
    first = stages_run(project.must("make", "pipeline"))
    assert "train@mlp" in first
    assert not {"ingest", "validate", "prepare", "train@cnn"} & set(first)
    change(project, "params.yaml", "widths: [32]", "widths: [256, 256]")
    assert "train@cnn" not in stages_run(project.must("make", "pipeline"))


def test_a_stricter_gate_only_tests_again(project: Project) -> None:
    change(project, "params.yaml", "minimum_accuracy: 0.95", "minimum_accuracy: 0.9")
    assert stages_run(project.must("make", "pipeline")) == ["evaluate"]
    change(project, "params.yaml", "minimum_accuracy: 0.9", "minimum_accuracy: 0.95")
    project.must("make", "pipeline")


@pytest.mark.parametrize(
    "name", ["data/raw/rows.parquet", "data/prepared/test.parquet", "models/model.onnx"]
)
def test_a_flipped_bit_is_found_although_size_and_date_are_kept(
    project: Project, name: str
) -> None:
    flip_a_bit(project.folder / name)
    result = project("make", "data-verify")
    assert result.failed
    assert f"modified: {name}" in result.output
    flip_a_bit(project.folder / name)
    assert "are those of dvc.lock" in project.must("make", "data-verify")


def test_a_deleted_file_is_found(project: Project) -> None:
    path = project.folder / "models/model.json"
    kept = path.read_bytes()
    path.unlink()
    result = project("make", "data-verify")
    assert result.failed
    assert "deleted: models/model.json" in result.output
    path.write_bytes(kept)


def test_what_was_pushed_comes_back_byte_for_byte(project: Project, tmp_path: Path) -> None:
    dvc = ("uv", "run", "--no-sync", "dvc")
    project.must(*dvc, "remote", "add", "--local", "--default", "--force", "storage", str(tmp_path))
    before = files(project)
    project.must("make", "data-push")
    for name in ("data/raw", "data/validated", "data/prepared", "models", ".dvc/cache"):
        shutil.rmtree(project.folder / name)
    project.must("make", "data-pull")
    assert files(project) == before
    assert stages_run(project.must("make", "pipeline")) == []


def test_without_a_remote_the_push_says_how_to_name_one(finished: Project) -> None:
    result = finished("make", "data-push")
    assert result.failed
    assert "dvc remote add" in result.output


def kill_in(project: Project, stage: str) -> list[str]:
    """Run the pipeline until `stage` works, kill it and its step, and return the stages begun."""
    log = project.folder / ".cache/killed.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("w", encoding="utf-8") as file:
        # Without uv or make between: the test has to reap DVC itself, or its lock looks alive.
        process = subprocess.Popen(
            [project.folder / ".venv/bin/dvc", "repro"],
            cwd=project.folder,
            env=project.environment | {"PATH": f"{project.folder}/.venv/bin:{os.environ['PATH']}"},
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
        deadline = time.monotonic() + 300
        while f"Running stage '{stage}'" not in log.read_text(encoding="utf-8"):
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    return stages_run(log.read_text(encoding="utf-8"))


def test_after_a_kill_in_any_stage_the_next_run_goes_on_from_there(project: Project) -> None:
    for name in ("data/raw", "data/validated", "data/prepared", "models", ".dvc/cache"):
        shutil.rmtree(project.folder / name)
    (project.folder / "dvc.lock").unlink()
    for before, stage in enumerate(STAGES):
        begun = kill_in(project, stage)
        assert begun[-1] == stage
        assert begun == list(STAGES[max(0, before - 1) : before + 1])
    assert stages_run(project.must("make", "pipeline")) == ["evaluate"]
    assert "are those of dvc.lock" in project.must("make", "data-verify")
    assert json.loads((project.folder / "models/model.json").read_text())["metrics"]


def test_without_git_the_pipeline_runs_and_says_how_to_make_a_repository(
    project: Project, tmp_path: Path
) -> None:
    hidden = tmp_path / "git"
    shutil.move(project.folder / ".git", hidden)
    output = project.must("make", "pipeline")
    assert "Not a git repository yet" in output
    assert "git init" in output
    shutil.move(hidden, project.folder / ".git")
    assert "Not a git" not in project.must("make", "pipeline")
    local = (project.folder / ".dvc/config.local").read_text(encoding="utf-8")
    assert "no_scm" not in local
