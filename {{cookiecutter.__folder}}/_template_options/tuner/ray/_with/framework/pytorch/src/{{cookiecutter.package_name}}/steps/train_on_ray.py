"""Train one model with workers that Ray Train places, on this machine or on a cluster.

It does what `train` does and writes the same files. All workers read and write this folder, so on
a cluster it lies on a disk that they share.
"""

import argparse
import os
from contextlib import chdir
from pathlib import Path
from typing import Any

from ..artifacts import read_json
from ..errors import UserError
from ..params import Params, changed
from ..tuning import connect
from .train import work


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Ask for the model's name, and for workers where they differ from the params."""
    parser.add_argument("--model", required=True, help="a name below `models` in params.yaml")
    parser.add_argument("--workers", type=int, help="processes (default: the model's workers)")


def run(params: Params, model: str, workers: int | None = None) -> None:
    """Fit `model`; a run that ended early goes on where it stopped.

    Raises `UserError` when a worker does.
    """
    if model not in params.models:
        raise UserError(f"params.yaml names no model {model!r}, only {', '.join(params.models)}")
    settings = params.models[model]
    if workers is not None:
        settings = changed(settings, {"workers": workers})
    cluster = connect(settings.workers)
    # Ray's own variable, read on the import of ray.train: its second engine for training.
    os.environ.setdefault("RAY_TRAIN_V2_ENABLED", "1")
    from ray.train import RunConfig, ScalingConfig  # noqa: PLC0415 (Ray was prepared just now)
    from ray.train.torch import TorchTrainer  # noqa: PLC0415
    from ray.train.v2.api.exceptions import TrainingFailedError  # noqa: PLC0415

    from ..cluster import scratch  # noqa: PLC0415

    trainer = TorchTrainer(
        _work,
        train_loop_config={"folder": str(Path.cwd()), "arguments": (model, settings, params.seed)},
        scaling_config=ScalingConfig(num_workers=settings.workers, use_gpu=cluster.gpus > 0),
        run_config=RunConfig(name=model, storage_path=scratch()),
    )
    try:
        trainer.fit()
    except TrainingFailedError as error:
        raise UserError(f"a worker ended early: {_last_line(error)}") from None
    found = read_json(f"reports/{model}/validation.json")
    print(
        f"{model}: validation loss {found['loss']:.4f}, accuracy {found['accuracy']:.4f} "
        f"with {settings.workers} workers on Ray"
    )


def _work(config: dict[str, Any]) -> None:
    with chdir(config["folder"]):
        work(*config["arguments"])


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1]
