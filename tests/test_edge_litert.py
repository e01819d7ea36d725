"""The default project's model on a device: converted, checked, and run with nothing but LiteRT."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import Render
from engines import run
from lanes.project import Project

pytestmark = pytest.mark.slow

ANSWER = """\
import json
import sys

import numpy as np
from litert import LiteModel

answers = LiteModel(sys.argv[1]).probabilities(np.load("inputs.npy"))
expected, labels = np.load("expected.npy"), np.load("labels.npy")
print(json.dumps({
    "gap": float(np.abs(answers - expected).max()),
    "accuracy": float((answers.argmax(axis=1) == labels).mean()),
}))
"""
TAKE = """\
import sys
from pathlib import Path

import numpy as np
from digit_classifier.data.prepared import read_split
from digit_classifier.predictor import Predictor

folder = Path(sys.argv[1])
inputs, labels = read_split("test")
np.save(folder / "inputs.npy", inputs)
np.save(folder / "labels.npy", labels)
np.save(folder / "expected.npy", Predictor().probabilities(inputs))
"""


@pytest.fixture(scope="module")
def project(
    render: Render, uv_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """Return the default project with LiteRT, after its pipeline and `make edge`."""
    made = Project(tmp_path_factory.mktemp("litert") / "digit-classifier", uv_environment)
    shutil.copytree(render(edge="litert"), made.folder)
    made.must("git", "init", "--quiet")
    for target in ("setup", "pipeline", "edge"):
        made.must("make", target, timeout=1500)
    return made


@dataclass(frozen=True)
class Device:
    """A folder with what goes to a board with Python, which has nothing of the project."""

    folder: Path
    environment: dict[str, str]

    def python(self, script: str, *arguments: str) -> str:
        """Run a script where LiteRT is all that is installed; what it printed."""
        (self.folder / "script.py").write_text(script, encoding="utf-8")
        alone = ("uv", "run", "--isolated", "--no-project", "--python", "3.11")
        command = (*alone, "--with", "ai-edge-litert", "python", "script.py", *arguments)
        result = run(*command, cwd=self.folder, environment=self.environment)
        assert not result.failed, result.output
        return result.output


@pytest.fixture(scope="module")
def device(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Device:
    """Return a device with the files, and rows with the answers of the served model."""
    folder = tmp_path_factory.mktemp("device")
    shutil.copytree(project.folder / "models/edge", folder, dirs_exist_ok=True)
    shutil.copy(project.folder / "src/digit_classifier/litert.py", folder)
    project.must("uv", "run", "--no-sync", "python", "-c", TAKE, folder)
    return Device(folder, project.environment)


@pytest.mark.evidence(
    "edge",
    "litert",
    "real tool executed",
    "float and int8 run by LiteRT in an environment that holds nothing else",
)
@pytest.mark.parametrize(
    ("file", "gap", "size"), [("model.tflite", 1e-5, 150_000), ("model.int8.tflite", 0.1, 60_000)]
)
def test_a_device_with_litert_alone_answers_as_the_service_does(
    file: str, gap: float, size: int, device: Device
) -> None:
    found = json.loads(device.python(ANSWER, file).splitlines()[-1])
    assert found["gap"] <= gap
    assert found["accuracy"] >= 0.98
    assert (device.folder / file).stat().st_size <= size


def test_the_example_in_the_docs_runs_on_a_device(project: Project, device: Device) -> None:
    page = (project.folder / "docs/edge.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert re.search(r"^\d 0\.\d+\n\d 0\.\d+$", device.python(example).strip(), re.MULTILINE)


def test_the_description_says_what_the_files_are(project: Project) -> None:
    about = json.loads((project.folder / "models/edge/model.json").read_text(encoding="utf-8"))
    served = json.loads((project.folder / "models/model.json").read_text(encoding="utf-8"))
    assert about["id"] == served["id"]
    assert about["schema"] == served["schema"]
    whole, small = about["files"].values()
    assert small["bytes"] < whole["bytes"] / 2
    assert max(whole["largest_difference"].values()) <= 1e-5


def test_the_project_passes_its_own_tests_of_litert(project: Project) -> None:
    project.must("uv", "run", "--no-sync", "pytest", "-q", "tests/integration/test_litert.py")
