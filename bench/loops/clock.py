"""What every contender of bench/training.py is given, and how it is timed; runs in a project.

    python clock.py CONTENDER speed --model cnn --rows 20000 --epochs 4
    python clock.py CONTENDER reach --model cnn --target 0.98 --seeds 10

prints one line of JSON. A contender is a class of the module that fits the project's framework.
"""

import argparse
import contextlib
import importlib
import importlib.util
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

(PACKAGE,) = {path.parent.name for path in Path("src").glob("*/__main__.py")}
Rows = tuple[np.ndarray, np.ndarray]


def module(name: str) -> Any:
    """Import a module of the project."""
    return importlib.import_module(f"{PACKAGE}.{name}")


def contenders() -> Any:
    """Import the loops of the framework that the project has."""
    found = "pytorch" if importlib.util.find_spec("torch") else "tensorflow"
    return importlib.import_module(f"{found}_loops")


class Reached(Exception):  # noqa: N818
    """The target was met."""


class Project:
    """The project's own training, with what it does beside the loop."""

    def __init__(self, *arguments: Any) -> None:
        self._arguments = arguments
        self._trainer: Any = None

    def train_epoch(self) -> None:
        """Train one epoch."""
        if self._trainer is None:
            self._trainer = module("model.training").Trainer(*self._arguments)
        self._trainer.train_epoch()

    def reach(self, target: float) -> int:
        """Fit with checkpoints, curves and the best epoch's weights, until the target is met."""
        fitting = module("fitting")
        *rest, seed = self._arguments
        epochs = 0

        class Watch:
            def log(self, metrics: dict[str, float], step: int | None = None) -> None:
                nonlocal epochs
                epochs = step or 0
                if metrics["validation_accuracy"] >= target:
                    raise Reached

        with tempfile.TemporaryDirectory() as folder, contextlib.suppress(Reached):
            fitting.CHECKPOINTS = Path(folder)  # the project's own stay
            fitting.fit("bench", *rest, seed, Watch())
        return epochs


def digits(seed: int) -> dict[str, Rows]:
    """Return the project's own splits of its own rows, for a seed."""
    params = module("params").load_params()
    schema, features = module("data.schema").SCHEMA, module("features")
    frame = module("data.rows").read_rows("data/validated/rows.parquet")
    splits = module("data.split").split(frame, schema, params.split, seed)
    return {
        name: (features.to_tensor(rows, schema), features.to_indices(rows, schema))
        for name, rows in splits.items()
    }


def many(rows: Rows, number: int) -> Rows:
    """Draw `number` rows with some noise, so that an epoch is long enough to time."""
    random = np.random.default_rng(0)
    chosen = random.integers(0, len(rows[0]), number)
    noisy = rows[0][chosen] + random.normal(0, 1, (number, *rows[0].shape[1:]))
    return noisy.clip(0, 16).astype(np.float32), rows[1][chosen]


def speed(contender: Callable[..., Any], model: str, number: int, epochs: int) -> dict[str, float]:
    """Time epochs over many rows; the first one, which warms up, does not count."""
    splits = digits(0)
    params = module("params").load_params().models[model]
    params = params.model_copy(update={"epochs": epochs + 1})
    train = many(splits["train"], number)
    fitted = contender(params, module("data.schema").SCHEMA, train, splits["validation"], 0)
    seconds = []
    for _ in range(epochs + 1):
        began = time.process_time()
        fitted.train_epoch()
        seconds.append(time.process_time() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": statistics.median(seconds[1:]), "mib": peak}


def reach(
    contender: Callable[..., Any], model: str, target: float, seeds: int
) -> dict[str, list[float]]:
    """Time the training of each seed until the validation accuracy reaches a target.

    Building the network counts. The first seed is trained twice, because libraries load parts of
    themselves in the first step.
    """
    params = module("params").load_params().models[model]
    schema = module("data.schema").SCHEMA
    found: dict[str, list[float]] = {"seconds": [], "epochs": []}
    for seed in (0, *range(seeds)):
        splits = digits(seed)
        began = time.process_time()
        accuracy = contender(params, schema, splits["train"], splits["validation"], seed).reach
        epochs = accuracy(target)
        found["seconds"].append(time.process_time() - began)
        found["epochs"].append(epochs)
    return {name: values[1:] for name, values in found.items()}


def main() -> None:
    """Print what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contender")
    parser.add_argument("what", choices=["speed", "reach"])
    parser.add_argument("--model", default="cnn")
    parser.add_argument("--rows", type=int, default=20000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--target", type=float, default=0.98)
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    contender = getattr(contenders(), options.contender)
    if options.what == "speed":
        print(json.dumps(speed(contender, options.model, options.rows, options.epochs)))
    else:
        print(json.dumps(reach(contender, options.model, options.target, options.seeds)))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
