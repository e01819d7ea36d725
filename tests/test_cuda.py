"""A project for GPUs, on a machine that has none: what it locks, installs and trains."""

import shutil
import tomllib
from pathlib import Path

import pytest

from conftest import Render
from engines import Result, run

pytestmark = pytest.mark.slow

NONE_HERE = "both builds locked; installed and trained as on a machine without a GPU"


@pytest.mark.evidence("accelerator", "cuda", "checked against a schema only", NONE_HERE)
def test_without_a_gpu_the_build_for_the_cpu_is_installed_and_trains(
    render: Render, uv_environment: dict[str, str], tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(render(accelerator="cuda"), project)

    def make(*words: str) -> Result:
        return run("make", *words, cwd=project, environment=uv_environment, timeout=1200)

    setup = make("setup", "ACCELERATOR=cpu")
    assert not setup.failed, setup.output
    assert "--no-group cuda --group cpu" in setup.output
    locked = tomllib.loads((project / "uv.lock").read_text("utf-8"))
    assert {choice["group"] for choice in locked["conflicts"][0]} == {"cpu", "cuda"}
    trained = run(
        *("uv", "run", "--no-sync", "pytest", "-q", "tests/integration/test_training.py"),
        cwd=project,
        environment=uv_environment,
    )
    assert not trained.failed, trained.output
    assert "--group" not in make("--dry-run", "setup", "ACCELERATOR=cuda").output
    assert "ACCELERATOR is cpu or cuda, not gpu" in make("setup", "ACCELERATOR=gpu").output


def test_the_lock_of_tensorflow_holds_the_builds_for_both(
    render: Render, uv_environment: dict[str, str], tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(render(framework="tensorflow", accelerator="cuda"), project)
    result = run("uv", "lock", cwd=project, environment=uv_environment)
    assert not result.failed, result.output
    chosen = ("uv", "export", "--frozen", "--no-default-groups", "--no-hashes", "--group")
    for group, there in {"cpu": False, "cuda": True}.items():
        listed = run(*chosen, group, cwd=project, environment=uv_environment).output
        assert ("nvidia-cudnn" in listed) == there
        assert ("tensorflow-cpu==" in listed) != there
