"""The gate between a trained model and whatever serves it."""

import json
from pathlib import Path

import pandas as pd
import pytest
import tracked
from small_data import ROWS, write_splits
from small_model import write_model

from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.params import Params
from {{cookiecutter.package_name}}.predictor import Predictor
from {{cookiecutter.package_name}}.provenance import origin
from {{cookiecutter.package_name}}.steps import evaluate


@pytest.fixture(autouse=True)
def exported(folder: Path) -> str:
    """Return the id of a model that only guesses, as `export` would leave it."""
    write_splits()
    model_id = write_model(folder / "models")
    Path("models/champion.json").write_text('{"model": "small"}')
    return model_id


def params(minimum: float) -> Params:
    models = {"small": {"network": "mlp", "widths": [4]}}
    return Params.model_validate({"models": models, "evaluate": {"minimum_accuracy": minimum}})


def test_below_the_gate_nothing_can_be_served_and_the_reports_say_why() -> None:
    assert Path("models/model.json").exists()
    with pytest.raises(UserError, match=r"below evaluate\.minimum_accuracy 0\.9 "):
        evaluate.run(params(0.9))
    assert not Path("models/model.json").exists()
    assert not Path("models/MODEL_CARD.md").exists()
    with pytest.raises(UserError):
        Predictor("models")
    assert json.loads(Path("reports/metrics.json").read_text())["accuracy"] < 0.9
    assert set(pd.read_csv("reports/per_class.csv", dtype=str)["class"]) == set(SCHEMA.classes)
    [run] = [tracked.read(url) for url in tracked.runs()]
    assert (run.status, sorted(run.artifacts)) == ("failed", ["confusion", "mistakes"])
    for picture in ("confusion", "mistakes"):
        assert Path(f"reports/{picture}.png").read_bytes().startswith(b"\x89PNG")


def test_a_model_that_passes_is_served_under_the_id_that_its_card_names(exported: str) -> None:
    evaluate.run(params(0.0))
    about = json.loads(Path("models/model.json").read_text())
    assert about["id"] == exported
    assert exported in Path("models/MODEL_CARD.md").read_text()
    assert Predictor("models").id == exported
    assert len(pd.read_csv("reports/confusion.csv")) == ROWS["test"]
    [run] = [tracked.read(url) for url in tracked.runs()]
    assert (run.job, run.status, run.tags) == ("evaluate", "finished", ["small"])
    assert {name: run.params[name] for name in origin()} == origin()
    assert run.curves["test_accuracy"][0][1] == pytest.approx(about["metrics"]["accuracy"])
    assert run.artifacts == {
        "confusion": ["confusion.png"],
        "mistakes": ["mistakes.png"],
        "model-card": ["MODEL_CARD.md"],
    }


def test_weights_from_elsewhere_are_said_to_be_from_there() -> None:
    origin = {"file": "theirs.safetensors", "sha256": "0" * 64}
    Path("models/champion.json").write_text(json.dumps({"model": "small", "imported": origin}))
    evaluate.run(params(0.0))
    assert json.loads(Path("models/model.json").read_text())["imported"] == origin
    card = Path("models/MODEL_CARD.md").read_text()
    assert "not trained here. They come from `theirs.safetensors`, SHA-256 `000" in card
