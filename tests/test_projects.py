"""Projects that together hold every choice, used as their README says: set up, run, served.

These are the slow tests: each project is installed for real and runs its own tests.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import Render
from engines import CHOICES, Result, run
from lanes.island import Island, needs_island
from lanes.project import Project as CutOff

pytestmark = pytest.mark.slow

PROJECTS = {
    "defaults": {},
    "others": {
        "framework": "tensorflow",
        "tracker": "tensorboard",
        "tuner": "hyperopt",
        "edge": "litert",
        "project_name": 'Gauß\'s "Größe" 손글씨',
        "project_description": "Reads: digits & more 🙂 # [fast], 100 % \\ 'well'",
        "package_name": "a_package_name_of_thirty_chars",
        "author_name": "Zoë O'Neil",
        "license": "Apache-2.0",
    },
    "servers": {"tracker": "mlflow", "tuner": "ray"},
    "legacy": {"tracker": "neptune", "tuner": "nni"},
}
EXECUTED = "real tool executed"
OTHER_TRACKERS = ("mlflow>=3.10", "tensorboard>=2.18", "wandb>=0.20")
TRACKED = {
    "wandb": "every run of the pipeline kept in offline files, and read back",
    "mlflow": "every run of the pipeline kept in SQLite; runs and models on its own server",
    "tensorboard": "every run of the pipeline tracked, and read back",
    "neptune": "every run of the pipeline kept in offline files, and read back",
}
TUNED = {
    "optuna": "a search run, killed and resumed; two processes on one database",
    "ray": "a search run, killed and resumed; a cluster of two nodes; a network of two workers",
    "hyperopt": "a search run, killed and resumed",
    "nni": "a search run by its Experiment API, killed and resumed",
}
DEFAULTS = {
    "cloud": ("local", "the lake and the registry on the local disk"),
    "accelerator": ("cpu", "trained on the CPU"),
    "data_versioning": ("dvc", "pipeline run, killed and resumed, data pushed and pulled"),
    "serving": ("bentoml", "started, and answering over HTTP"),
}


def claims(name: str) -> list[pytest.MarkDecorator]:
    """Return what a run of this project shows, as marks."""
    framework, tracker, tuner = (
        PROJECTS[name].get(q, CHOICES[q][0]) for q in ("framework", "tracker", "tuner")
    )
    shown = {
        **DEFAULTS,
        "framework": (framework, "trained and exported by the pipeline"),
        "tracker": (tracker, TRACKED[tracker]),
        "tuner": (tuner, TUNED[tuner]),
    }
    if PROJECTS[name].get("edge") == "litert":
        shown["edge"] = ("litert", "converted to float and int8, and run by LiteRT's interpreter")
    return [
        pytest.mark.evidence(question, choice, EXECUTED, what)
        for question, (choice, what) in shown.items()
    ]


@dataclass(frozen=True)
class Project:
    """A rendered project as a person uses it: through make."""

    folder: Path
    environment: dict[str, str]

    def make(self, *words: str, timeout: int = 900) -> Result:
        return run("make", *words, cwd=self.folder, environment=self.environment, timeout=timeout)

    def read(self, name: str) -> dict[str, object]:
        found: dict[str, object] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        return found


@pytest.fixture(scope="module", params=PROJECTS)
def project(
    request: pytest.FixtureRequest,
    render: Render,
    uv_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Project:
    """Return a project that has been set up and whose pipeline has run once."""
    folder = tmp_path_factory.mktemp("projects") / request.param
    shutil.copytree(render(**PROJECTS[request.param]), folder)
    made = Project(folder, uv_environment)
    assert not run("git", "init", "--quiet", cwd=folder, environment=uv_environment).failed
    for words in (["setup"], ["pipeline"]):
        result = made.make(*words, timeout=1500)
        assert not result.failed, result.output
    return made


@pytest.fixture
def service(project: Project) -> Iterator[str]:
    """Serve the project's model on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        ["make", "serve", f"PORT={port}"],
        cwd=project.folder,
        env=project.environment,
        start_new_session=True,
    )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def wait_until_ready(url: str, process: subprocess.Popen[bytes], seconds: int = 90) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/readyz", timeout=2):
            return
        time.sleep(0.2)
    pytest.fail(f"the service was not ready (exit code {process.poll()})")


@pytest.mark.parametrize(
    "project", [pytest.param(name, marks=claims(name)) for name in PROJECTS], indirect=True
)
def test_a_project_passes_its_own_checks_and_tests(project: Project) -> None:
    for words in (["check"], ["test"]):
        result = project.make(*words, timeout=1200)
        assert not result.failed, result.output[-6000:]


def test_the_pipeline_ends_with_a_good_model(project: Project) -> None:
    metrics = project.read("reports/metrics.json")
    assert float(str(metrics["accuracy"])) >= 0.98
    model = project.read("models/model.json")
    assert {"id", "sha256", "schema", "data", "code", "lock"} <= set(model)


@pytest.mark.parametrize("project", ["others"], indirect=True)
def test_the_model_for_devices_is_as_good_as_the_one_that_is_served(project: Project) -> None:
    result = project.make("edge")
    assert not result.failed, result.output
    about = project.read("models/edge/model.json")
    assert about["id"] == project.read("models/model.json")["id"]
    whole, small = (
        about["files"][name]["accuracy"]["test"]  # type: ignore[index]
        for name in ("model.tflite", "model.int8.tflite")
    )
    assert whole >= 0.98
    assert small >= whole - 0.01


def test_a_second_run_of_the_pipeline_does_nothing(project: Project) -> None:
    before = (project.folder / "models/model.json").stat().st_mtime_ns
    result = project.make("pipeline")
    assert not result.failed, result.output
    assert "Running stage" not in result.output
    assert (project.folder / "models/model.json").stat().st_mtime_ns == before


@pytest.mark.evidence(
    "tracker", "neptune", EXECUTED, "its runs exported to TensorBoard, MLflow and W&B"
)
@pytest.mark.parametrize("project", ["legacy"], indirect=True)
def test_runs_of_neptune_are_taken_to_the_other_trackers(project: Project) -> None:
    """The other trackers' libraries are not in the project's lock, so its own tests skip these."""
    others = [part for name in OTHER_TRACKERS for part in ("--with", name)]
    command = ["uv", "run", "--no-sync", *others, "pytest", "-rs"]
    result = run(
        *command,
        "tests/integration/test_export_runs.py",
        cwd=project.folder,
        environment=project.environment,
    )
    assert not result.failed, result.output[-6000:]
    assert "skipped" not in result.output
    for target in ("tensorboard", "mlflow", "wandb"):
        result = project.make("tracking-export", f"TO={target}")
        assert not result.failed, result.output
    assert (project.folder / ".cache/runs/mlflow.db").exists()


@needs_island
def test_a_search_over_two_models_runs_with_the_network_cut_off(
    project: Project, tmp_path: Path
) -> None:
    island = Island(CutOff(project.folder, project.environment), tmp_path / "trace")
    words = ["MODEL=cnn mlp", "ARGS=--trials 4 --parallel 2", "tune"]
    result = island("make", *words)
    assert not result.failed, result.output[-6000:]
    assert island.reached_for() == set()
    table = (project.folder / "reports/tuning/trials.csv").read_text().splitlines()
    assert len(table) == 1 + 4
    assert {line.split(",")[1] for line in table[1:]} <= {"cnn", "mlp"}


def test_the_service_answers_with_the_model_of_the_pipeline(project: Project, service: str) -> None:
    schema = json.load(urllib.request.urlopen(f"{service}/schema", timeout=10))
    body = json.dumps({"inputs": [[[[8] * 8] * 8]] * 3}).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{service}/predict", data=body, headers=headers)
    answer = json.load(urllib.request.urlopen(request, timeout=10))
    assert answer["model_id"] == project.read("models/model.json")["id"] == schema["model_id"]
    assert len(answer["labels"]) == 3
    assert all(abs(sum(row) - 1) < 1e-5 for row in answer["probabilities"])


def test_the_first_commit_passes_its_hooks(project: Project) -> None:
    for arguments in (["add", "--all"], ["commit", "-m", "Start from the template"]):
        result = run(
            "git", *arguments, cwd=project.folder, environment=project.environment, timeout=600
        )
        assert not result.failed, result.output
    held = run(
        "git", "ls-files", cwd=project.folder, environment=project.environment
    ).output.splitlines()
    assert {"uv.lock", "dvc.lock", "reports/metrics.json"} <= set(held)
    kept_out = [name for name in held if name.startswith(("data/", "models/", ".venv/", "logs/"))]
    assert kept_out == ["data/source/README.md"]
