"""Train one of the models that params.yaml names, and report how it does on the validation split.

Writes models/candidates/NAME and reports/NAME. A run that was killed goes on where it stopped.
With more than one worker, processes share each batch and end with the same weights.
"""

import argparse
from pathlib import Path

import pandas as pd

from ..artifacts import write_json, write_text
from ..data.prepared import read_split
from ..data.schema import SCHEMA
from ..errors import UserError
from ..fitting import FitResult, Unwatched, fit
from ..model.distributed import is_chief, launch
from ..model.training import save
from ..params import ModelParams, Params, changed
from ..provenance import origin
from ..reporting.plots import learning_curve
from ..tracking import Scalar, start_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Ask for the model's name, and for workers where they differ from the params."""
    parser.add_argument("--model", required=True, help="a name below `models` in params.yaml")
    parser.add_argument("--workers", type=int, help="processes (default: the model's workers)")


def run(params: Params, model: str, workers: int | None = None) -> None:
    """Fit `model` in one process or several; the weights are those of its best epoch."""
    if model not in params.models:
        raise UserError(f"params.yaml names no model {model!r}, only {', '.join(params.models)}")
    settings = params.models[model]
    if workers is not None:
        settings = changed(settings, {"workers": workers})
    launch(settings.workers, work, model, settings, params.seed)


def work(model: str, settings: ModelParams, seed: int) -> None:
    """Do what each worker does; one of them tracks the run, reports and writes the weights."""
    train, validation = read_split("train"), read_split("validation")
    if not is_chief():
        fit(model, settings, SCHEMA, train, validation, seed, Unwatched())
        return
    with start_run("train", _flat(model, settings, seed) | origin(), tags=[model]) as tracked:
        result = fit(model, settings, SCHEMA, train, validation, seed, tracked)
        weights = save(result.model, f"models/candidates/{model}")
        picture = _report(result, model)
        tracked.artifact(picture, f"{model}-learning-curve")
        tracked.artifact(weights, f"{model}-weights")
        print(
            f"{model}: validation loss {result.loss:.4f}, accuracy {result.accuracy:.4f} "
            f"after {len(result.curve)} epochs; run: {tracked.url}"
        )


def _report(result: FitResult, model: str) -> Path:
    folder = Path("reports") / model
    curve = pd.DataFrame(result.curve).astype({"epoch": int})
    write_text(folder / "learning_curve.csv", curve.to_csv(index=False))
    picture = learning_curve(curve, model, folder / "learning_curve.png")
    figures = {"loss": result.loss, "accuracy": result.accuracy, "weights": result.weights}
    write_json(folder / "validation.json", figures)
    return picture


def _flat(model: str, settings: ModelParams, seed: int) -> dict[str, Scalar]:
    values = settings.model_dump() | {"widths": "-".join(map(str, settings.widths))}
    return {"model": model, "seed": seed, **values}
