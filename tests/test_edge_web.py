"""`edge=web`: the page predicts in the browser, without a service and without a network."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lanes.island import Island, needs_island
from lanes.project import Project

# Put to the page's own module, in a browser, as the option's own tests do.
ASK = """\
import json
from pathlib import Path
import numpy as np, pandas as pd
from browser import open_browser, open_page
from hosted import host
from test_web import PREDICT, ready
from digit_classifier.data.schema import SCHEMA
from digit_classifier.features import to_tensor
from digit_classifier.predictor import Predictor

frame = pd.read_parquet("data/prepared/test.parquet")
rows, predictor = to_tensor(frame, SCHEMA), Predictor("models")
with (
    host(Path("web/dist")) as address,
    open_browser() as browser,
    open_page(browser, address) as page,
):
    ready(page)
    answers = page.evaluate(PREDICT, rows.tolist())
expected = predictor.probabilities(predictor.validate(rows))
labels = [answer["label"] for answer in answers]
gaps = np.abs([answer["probabilities"] for answer in answers] - expected)
print(json.dumps({
    "rows": len(answers),
    "gap": float(gaps.max()),
    "accuracy": float((frame[SCHEMA.target].astype(str) == labels).mean()),
    "as_predicted": labels == predictor.labels(expected),
    "models": sorted({answer["model"] for answer in answers}),
}))
"""


@pytest.fixture(scope="module")
def web(
    finished: Project, render: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """Return the project with its site built.

    It is a clone of the default one with the option laid over it; the pipeline finds that nothing
    of what it computes has changed, and takes data and models from the cache.
    """
    made = finished.clone(tmp_path_factory.mktemp("web") / "digit-classifier")
    shutil.copytree(render(edge="web"), made.folder, dirs_exist_ok=True)
    shutil.copytree(finished.folder / ".dvc/cache", made.folder / ".dvc/cache")
    made.must("make", "setup")
    assert "Running stage" not in made.must("make", "pipeline")
    made.must("make", "edge")
    return made


@pytest.mark.slow
@pytest.mark.xdist_group("finished")
@needs_island
@pytest.mark.evidence(
    *("edge", "web", "real tool executed"),
    "the test split predicted in Chromium with the network cut off, as the predictor does",
)
def test_the_browser_predicts_the_test_split_as_the_predictor_does(
    web: Project, tmp_path: Path
) -> None:
    island = Island(web, tmp_path / "trace")
    path = "PYTHONPATH=tests:tests/e2e"
    result = island("env", path, "uv", "run", "--no-sync", "python", "-c", ASK)
    assert not result.failed, result.output[-3000:]
    told = json.loads(result.output.splitlines()[-1])
    model, metrics = (
        json.loads((web.folder / name).read_text(encoding="utf-8"))
        for name in ("models/model.json", "reports/metrics.json")
    )
    assert told["models"] == [model["id"]]
    assert told["rows"] > 200
    assert told["as_predicted"]
    assert told["gap"] <= 1e-5
    assert told["accuracy"] == pytest.approx(metrics["accuracy"])
    assert told["accuracy"] >= 0.98


@pytest.mark.slow
@pytest.mark.xdist_group("finished")
def test_it_passes_its_own_tests_of_the_site_and_skips_none(web: Project) -> None:
    tests = ("unit/test_edge.py", "e2e/test_web.py", "e2e/test_web_digits.py")
    said = web.must("uv", "run", "--no-sync", "pytest", *(f"tests/{name}" for name in tests))
    assert "skipped" not in said


@pytest.mark.slow
@pytest.mark.xdist_group("finished")
def test_npm_installs_what_the_lock_file_names_and_git_gets_neither(web: Project) -> None:
    said = web.must("git", "status", "--porcelain", "--untracked-files=all", "web")
    assert "web/package-lock.json" in said
    assert "node_modules" not in said
    assert "dist" not in said
    shutil.rmtree(web.folder / "web/node_modules")
    said = web.must("make", "edge")
    assert " ci\n" in said
    assert "web/dist: " in said
    assert "npm" not in web.must("make", "edge")
    assert "ok       npm" in web("make", "doctor").output


def test_without_npm_one_line_says_how_to_get_it(
    render: Callable[..., Path], environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    for tool in ("make", "sh"):
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    project = Project(shutil.copytree(render(edge="web"), tmp_path / "project"), environment)
    result = project("make", "edge", PATH=str(tmp_path / "bin"))
    assert result.failed
    assert "npm is missing: apt-get install npm" in result.output.splitlines()
