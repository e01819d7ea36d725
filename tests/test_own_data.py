"""Bring your own data: two files turn the project into a classifier of another table."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lanes.project import Project

pytestmark = pytest.mark.slow

SOURCE = '''"""Where this project's rows come from: edit it together with `schema.py`."""

import pandas as pd
from sklearn.datasets import load_breast_cancer

from .schema import SCHEMA


def load() -> pd.DataFrame:
    """Return 569 measured biopsies of the breast: thirty figures each, and the diagnosis."""
    values, kinds = load_breast_cancer(return_X_y=True)
    frame = pd.DataFrame(values, columns=SCHEMA.feature_names)
    frame[SCHEMA.target] = pd.Series(kinds).map({0: "malignant", 1: "benign"})
    return frame
'''
SCHEMA = '''"""The schema of this project's data: edit it together with `source.py`."""

from .spec import Feature, Schema

FIGURES = {
    "radius": 50,
    "texture": 60,
    "perimeter": 300,
    "area": 5000,
    "smoothness": 1,
    "compactness": 2,
    "concavity": 2,
    "concave_points": 1,
    "symmetry": 1,
    "fractal_dimension": 1,
}

SCHEMA = Schema(
    features=tuple(
        Feature(f"{kind}_{name}", low=0, high=high)
        for kind in ("mean", "error", "worst")
        for name, high in FIGURES.items()
    ),
    classes=("malignant", "benign"),
    input_shape=(30,),
    target="diagnosis",
)
'''
PREDICT = """
import json, pandas
from {package}.data.schema import SCHEMA
from {package}.predictor import Predictor
rows = pandas.read_parquet("data/prepared/test.parquet")
model = Predictor("models")
inputs = model.validate(rows[SCHEMA.feature_names].to_numpy().tolist())
found = model.labels(model.probabilities(inputs))
print(json.dumps([found, rows[SCHEMA.target].tolist()]))
"""


@pytest.fixture
def project(render: Callable[..., Path], uv_environment: dict[str, str], tmp_path: Path) -> Project:
    made = Project(tmp_path / "digit-classifier", uv_environment)
    shutil.copytree(render(), made.folder)
    made.must("git", "init", "--quiet", "--initial-branch=main")
    made.must("make", "setup", timeout=1500)
    return made


def own_table(project: Project) -> None:
    data = project.folder / "src/digit_classifier/data"
    (data / "source.py").write_text(SOURCE, encoding="utf-8")
    (data / "schema.py").write_text(SCHEMA, encoding="utf-8")


def test_two_files_make_it_a_classifier_of_a_table(project: Project) -> None:
    own_table(project)
    project.must("make", "pipeline")
    program = PREDICT.format(package="digit_classifier")
    output = project.must("uv", "run", "--no-sync", "python", "-c", program)
    found, truth = json.loads(output.splitlines()[-1])
    right = sum(a == b for a, b in zip(found, truth, strict=True))
    metrics = json.loads((project.folder / "reports/metrics.json").read_text(encoding="utf-8"))
    assert right / len(truth) == pytest.approx(metrics["accuracy"])
    assert metrics["accuracy"] >= 0.95
    model = json.loads((project.folder / "models/model.json").read_text(encoding="utf-8"))
    assert model["schema"]["input_shape"] == [30]
    assert model["schema"]["classes"] == ["malignant", "benign"]


def rows_of(side: int) -> list[str]:
    kind = "large" if side > 0 else "small"
    return [f"{5 + side * (1 + i % 40 / 20):.3f},{3 + i / 400:.4f},{kind}\n" for i in range(600)]


def test_without_the_example_everything_is_green_and_waits_for_a_table(project: Project) -> None:
    project.must("make", "remove-example")
    data = project.folder / "src/digit_classifier/data"
    for name in ("source.py", "schema.py"):
        assert not re.search("pixel|digit", (data / name).read_text(encoding="utf-8"))
    assert "remove-example" not in (project.folder / "README.md").read_text(encoding="utf-8")
    project.must("make", "check", "test", timeout=1500)
    assert "there is no data yet: put a table with a column 'label'" in refused(project)

    table = project.folder / "data/source/rows.csv"
    table.write_text("")
    assert "data/source/rows.csv is not a table that can be read" in refused(project)
    rows = "".join([*rows_of(-1), *rows_of(1)])
    table.write_text("length,breadth,label\n" + rows, encoding="utf-8")
    assert "the table lacks width; it has length, breadth, label" in refused(project)
    schema = data / "schema.py"
    right = schema.read_text(encoding="utf-8")
    schema.write_text(right.replace("(len(FEATURES),)", "(3,)"), encoding="utf-8")
    assert "write (2,), or the shape" in refused(project)
    schema.write_text(right, encoding="utf-8")

    table.write_text("length,width,label\n" + rows, encoding="utf-8")
    project.must("make", "pipeline")
    table.write_text("length,width,label\n" + "".join(rows_of(-1)) + rows, encoding="utf-8")
    assert "more than validate.maximum_duplicates" in refused(project)


def test_an_own_table_reaches_whoever_clones_the_project(project: Project, tmp_path: Path) -> None:
    project.must("make", "remove-example")
    table = "length,width,label\n" + "".join([*rows_of(-1), *rows_of(1)])
    (project.folder / "data/source/rows.csv").write_text(table, encoding="utf-8")
    dvc = ("uv", "run", "--no-sync", "dvc")
    project.must(*dvc, "remote", "add", "--default", "storage", str(tmp_path / "storage"))
    project.must(*dvc, "add", "data/source/rows.csv")
    project.must("make", "pipeline")
    project.must("make", "data-push")
    project.commit("Bring a table")
    clone = project.clone(tmp_path / "clone")
    clone.must("make", "setup", timeout=1500)
    clone.must("make", "data-pull")
    assert (clone.folder / "data/source/rows.csv").read_text(encoding="utf-8") == table
    assert "Running stage" not in clone.must("make", "pipeline")


def refused(project: Project) -> str:
    """Run a pipeline that has to end with an error of one line, and return what it said."""
    result = project("make", "pipeline")
    assert result.failed
    assert "Traceback" not in result.output
    return result.output
