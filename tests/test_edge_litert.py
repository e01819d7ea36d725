"""The default project's model on a device: converted, checked, and run with nothing but LiteRT."""

import json
import shutil
from pathlib import Path

import pytest

from conftest import Render
from engines import run
from lanes.project import Project

pytestmark = pytest.mark.slow

# What a person puts onto a board with Python, beside a copy of litert.py.
DEVICE = """\
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


@pytest.fixture(scope="module")
def device(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what goes to a device, and rows with the served model's answers."""
    folder = tmp_path_factory.mktemp("device")
    shutil.copytree(project.folder / "models/edge", folder, dirs_exist_ok=True)
    shutil.copy(project.folder / "src/digit_classifier/litert.py", folder)
    (folder / "device.py").write_text(DEVICE, encoding="utf-8")
    project.must("uv", "run", "--no-sync", "python", "-c", TAKE, folder)
    return folder


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
    file: str, gap: float, size: int, device: Path, uv_environment: dict[str, str]
) -> None:
    alone = ("uv", "run", "--isolated", "--no-project", "--python", "3.11")
    result = run(
        *alone, "--with", "ai-edge-litert", "python", "device.py", file,
        cwd=device, environment=uv_environment,
    )  # fmt: skip
    assert not result.failed, result.output
    found = json.loads(result.output.splitlines()[-1])
    assert found["gap"] <= gap
    assert found["accuracy"] >= 0.98
    assert (device / file).stat().st_size <= size


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
