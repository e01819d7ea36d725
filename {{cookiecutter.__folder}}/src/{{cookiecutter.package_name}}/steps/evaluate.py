"""Test the champion once, on rows that neither training nor selection has seen.

Writes reports (metrics, classes, confusion), and, if the accuracy reaches evaluate.minimum_accuracy
of params.yaml, models/model.json and models/MODEL_CARD.md, without which nothing serves the model.
"""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ..artifacts import read_json, sha256, write_json, write_text
from ..data import source
from ..data.prepared import data_fingerprint, read_split
from ..data.schema import SCHEMA
from ..data.split import SPLITS
from ..errors import UserError
from ..metrics import confusion, log_loss, per_class
from ..params import Params
from ..predictor import open_session
from ..provenance import code_revision, lock_hash, origin
from ..reporting.card import model_card
from ..reporting.mistakes import save_mistakes
from ..reporting.plots import confusion_matrix
from ..tracking import Run, start_run

MODEL = "models/model.onnx"
CHUNK = 1024
Rows = tuple[np.ndarray, np.ndarray]


def run(params: Params) -> None:
    """Write reports, then the card and `model.json`; below the gate only the reports."""
    # What stands there describes an older model.onnx.
    Path("models/model.json").unlink(missing_ok=True)
    champion = read_json("models/champion.json")
    name = champion["model"]
    told = {"model": name, "sha256": sha256(MODEL), "seed": params.seed, **origin()}
    # Below the gate this run is a failed one.
    with start_run("evaluate", told, tags=[name]) as tracked:
        _test(params, champion, tracked)


def _test(params: Params, champion: dict[str, Any], tracked: Run) -> None:
    splits = {name: read_split(name) for name in SPLITS}
    inputs, actual = splits["test"]
    probabilities = predict(open_session(MODEL), inputs)
    counts = confusion(actual, probabilities.argmax(axis=1), len(SCHEMA.classes))
    table = per_class(counts, SCHEMA.classes)
    metrics = summary(counts, table, log_loss(probabilities, actual), splits)
    _write_reports(metrics, table, counts, actual, probabilities.argmax(axis=1))
    save_mistakes(inputs, actual, probabilities, SCHEMA.classes, "reports/mistakes.png")
    tracked.log({f"test_{name}": value for name, value in metrics.items()})
    for name in ("confusion", "mistakes"):
        tracked.artifact(f"reports/{name}.png", name)
    require(metrics["accuracy"], params.evaluate.minimum_accuracy)
    about = _about(champion, params, metrics)
    sizes = {name: len(labels) for name, (_, labels) in splits.items()}
    card = model_card(about, table, counts, sizes, inspect.getdoc(source.load) or "")
    write_text("models/MODEL_CARD.md", card)
    write_json("models/model.json", about)
    tracked.artifact("models/MODEL_CARD.md", "model-card")
    print(
        f"{about['id']}: test accuracy {metrics['accuracy']:.4f}, "
        f"linear baseline {metrics['baseline_accuracy']:.4f}"
    )


def predict(session: ort.InferenceSession, inputs: np.ndarray) -> np.ndarray:
    """Run the exported graph itself, which is what will be served, some rows at a time."""
    parts = [inputs[start : start + CHUNK] for start in range(0, len(inputs), CHUNK)]
    return np.concatenate([session.run(["probabilities"], {"inputs": part})[0] for part in parts])


def summary(
    counts: np.ndarray, table: pd.DataFrame, loss: float, splits: dict[str, Rows]
) -> dict[str, float]:
    """Return the figures that are compared between models, beside those of a linear one."""
    accuracy = float(counts.trace() / counts.sum())
    baseline = linear_baseline(splits["train"], splits["test"])
    figures = {
        "accuracy": accuracy,
        "loss": loss,
        "macro_f1": float(table["f1"].mean()),
        "baseline_accuracy": baseline,
        "margin": accuracy - baseline,
    }
    return {name: round(value, 6) for name, value in figures.items()}


def linear_baseline(train: Rows, test: Rows) -> float:
    """Return the test accuracy of logistic regression on standardised features."""
    flat, labels = train[0].reshape(len(train[0]), -1), train[1]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(flat, labels)
    return float(model.score(test[0].reshape(len(test[0]), -1), test[1]))


def require(accuracy: float, minimum: float) -> None:
    """Raise `UserError` for a model that is not good enough to be served."""
    if accuracy < minimum:
        raise UserError(
            f"test accuracy {accuracy:.4f} is below evaluate.minimum_accuracy {minimum:g} of "
            "params.yaml, so the model is not served: reports/per_class.csv says which classes "
            "fail. If this is what such data allows, lower the limit"
        )


def _write_reports(
    metrics: dict[str, float],
    table: pd.DataFrame,
    counts: np.ndarray,
    actual: np.ndarray,
    predicted: np.ndarray,
) -> None:
    write_json("reports/metrics.json", metrics)
    write_text("reports/per_class.csv", table.to_csv(index=False, float_format="%.4f"))
    names = np.array(SCHEMA.classes)
    pairs = pd.DataFrame({"actual": names[actual], "predicted": names[predicted]})
    write_text("reports/confusion.csv", pairs.to_csv(index=False))
    confusion_matrix(counts, SCHEMA.classes, "reports/confusion.png")


def _about(champion: dict[str, Any], params: Params, metrics: dict[str, float]) -> dict[str, Any]:
    """Say what the model is and where it comes from: all that a server knows of it."""
    name, digest = champion["model"], sha256(MODEL)
    return {
        "id": f"{name}-{digest[:12]}",
        "name": name,
        "sha256": digest,
        "schema": SCHEMA.to_dict(),
        "metrics": metrics,
        "data": data_fingerprint(),
        "code": code_revision(),
        "lock": lock_hash(),
        "params": params.models[name].model_dump(mode="json"),
        "seed": params.seed,
        # Only of weights that `convert` brought: the file.
        **{key: champion[key] for key in ("imported",) if key in champion},
    }
