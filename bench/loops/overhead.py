"""What a tuner itself costs: a search whose trials cost nothing, in the project's environment.

    python overhead.py PACKAGE TRIALS [plain]

prints the seconds of wall a trial of the project's `search`, or of Optuna alone, in memory.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any


class Bowl:
    """A loss that takes no time, reported at five steps as a training does at its epochs."""

    def __call__(
        self, _model: str, values: dict[str, Any], report: Callable[[int, float], None]
    ) -> float:
        """Return the loss."""
        loss = (values["x"] - 0.3) ** 2
        for step in range(1, 6):
            report(step, loss + 1 / step)
        return float(loss)


def searched(package: str, trials: int) -> float:
    """Time the port's search. The first trials start what a tuner starts, so they do not count."""
    tuning, params = (import_module(f"{package}.{name}") for name in ("tuning", "params"))
    spaces = {"cnn": {"x": params.Range(kind="uniform", low=0, high=1)}}
    with tempfile.TemporaryDirectory() as folder:
        tuning.search(Bowl(), spaces, 2, 0, folder)
        began = time.perf_counter()
        tuning.search(Bowl(), spaces, 2 + trials, 0, folder)
        return (time.perf_counter() - began) / trials


def plain(trials: int) -> float:
    """Time Optuna as a notebook has it: a study in memory, with the median pruner."""
    optuna: Any = import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", 0, 1)
        for step in range(1, 6):
            trial.report((x - 0.3) ** 2 + 1 / step, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return float((x - 0.3) ** 2)

    study = optuna.create_study(pruner=optuna.pruners.MedianPruner(5, 3))
    study.optimize(objective, n_trials=2)
    began = time.perf_counter()
    study.optimize(objective, n_trials=trials)
    return (time.perf_counter() - began) / trials


if __name__ == "__main__":
    package, count = sys.argv[1], int(sys.argv[2])
    print(plain(count) if "plain" in sys.argv else searched(package, count))
