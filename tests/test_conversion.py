"""Weights move between a PyTorch project and a TensorFlow one, in one environment with both."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import Render
from engines import ROOT
from lanes.project import Project, libraries

pytestmark = pytest.mark.slow

EXECUTED = "real tool executed"
SHAPES = ("30", "1x8x8", "3x9x7", "1x4x4x4", "2x40")


@dataclass(frozen=True)
class Side:
    """A project with its package, and the Python that runs it."""

    project: Project
    package: str
    python: Path

    @property
    def folder(self) -> Path:
        return self.project.folder

    def step(self, *words: str | Path) -> None:
        self.project.must(self.python, "-m", self.package, *words)

    def read(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        return found


@pytest.fixture(scope="module")
def sides(
    render: Render, uv_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Side, Side]:
    """Return a PyTorch project and a TensorFlow one; the first one's environment serves both."""
    folder = tmp_path_factory.mktemp("sides")
    shutil.copytree(render(), folder / "torch")
    shutil.copytree(render(framework="tensorflow", package_name="keras_twin"), folder / "keras")
    environment = uv_environment | {"PYTHONPATH": str(folder / "keras/src")}
    torch, keras = (Project(folder / name, environment) for name in ("torch", "keras"))
    torch.must("uv", "sync", timeout=1500)
    torch.must("uv", "pip", "install", *sorted(libraries(keras.folder) - libraries(torch.folder)))
    python = torch.folder / ".venv/bin/python"
    return Side(torch, "digit_classifier", python), Side(keras, "keras_twin", python)


@pytest.fixture(scope="module")
def found(sides: tuple[Side, Side]) -> dict[str, dict[str, Any]]:
    """Return how the answers of both frameworks compare, network by network."""
    program = ROOT / "tests/lanes/twins.py"
    said = sides[0].project.must(sides[0].python, program)
    answers: dict[str, dict[str, Any]] = json.loads(said.splitlines()[-1])
    for name, answer in answers.items():
        print(f"{name:28} {answer['gap']:.1e}")
    return answers


@pytest.mark.parametrize("origin", ["PyTorch", "Keras"])
@pytest.mark.parametrize("network", ["cnn", "mlp"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_trained_network_answers_the_same_in_the_other_framework(
    shape: str, network: str, origin: str, found: dict[str, dict[str, Any]]
) -> None:
    answer = found[f"{network} {shape} from {origin}"]
    assert answer["gap"] <= 1e-5
    assert answer["exact"]


@pytest.mark.parametrize("name", ["words", "picture"])
def test_a_network_of_ones_own_answers_the_same(
    name: str, found: dict[str, dict[str, Any]]
) -> None:
    assert found[name]["gap"] <= 1e-5
    assert found[name]["exact"]


@pytest.mark.evidence("framework", "pytorch", EXECUTED, "weights taken to TensorFlow and back")
@pytest.mark.evidence("framework", "tensorflow", EXECUTED, "weights taken to PyTorch and back")
def test_a_candidate_goes_on_in_a_project_of_the_other_framework(
    sides: tuple[Side, Side], tmp_path: Path
) -> None:
    torch, keras = sides
    for side in sides:
        only(side, "mlp")
    for words in (["ingest"], ["validate"], ["prepare"], ["train", "--model", "mlp"]):
        torch.step(*words)
    shutil.copytree(torch.folder / "data", keras.folder / "data", dirs_exist_ok=True)
    file, back = tmp_path / "theirs.safetensors", tmp_path / "back.safetensors"
    torch.step("convert", "--model", "mlp", "--to", file)
    keras.step("convert", "--model", "mlp", "--from", file)
    before, after = (side.read("reports/mlp/validation.json") for side in sides)
    assert after["loss"] == pytest.approx(before["loss"], abs=1e-5)
    assert (after["accuracy"], after["weights"]) == (before["accuracy"], before["weights"])
    keras.step("convert", "--model", "mlp", "--to", back)
    assert back.read_bytes() == file.read_bytes()
    for step in ("select", "export", "evaluate"):
        keras.step(step)
    assert keras.read("models/model.json")["imported"]["file"] == "theirs.safetensors"


def only(side: Side, model: str) -> None:
    """Leave one model in the params."""
    path = side.folder / "params.yaml"
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    params["models"] = {model: params["models"][model]}
    path.write_text(yaml.safe_dump(params), encoding="utf-8")
