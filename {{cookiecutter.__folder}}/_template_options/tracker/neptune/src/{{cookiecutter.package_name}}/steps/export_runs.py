"""Take Neptune's runs to another tracker.

All that lies below .cache/runs/.neptune is written into the other tool's own files: params, tags,
curves with their steps and times, artifacts, and how the run ended. A run that is there already
is left alone. `make tracking-export TO=mlflow` brings the other tool along.
"""

import argparse
from importlib import import_module
from types import ModuleType

from tqdm import tqdm

from ..errors import UserError
from ..migration.runs import kept_runs
from ..params import Params

TARGETS = ("tensorboard", "mlflow", "wandb")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Ask where to."""
    parser.add_argument("--to", dest="target", required=True, choices=TARGETS)


def run(params: Params, target: str) -> int:  # noqa: ARG001
    """Export what is not there yet; the exit code is 1 if the other tool refused a run."""
    tool, there = _tool(target), 0
    refused = []
    for kept in tqdm(runs := kept_runs(), "runs", disable=None):
        try:
            if tool.is_there(kept):
                there += 1
            else:
                tool.write(kept)
        except Exception as error:  # one run does not hold back the others
            refused.append(f"{kept.name}: {error}")
    print(f"{target}: {len(runs) - there - len(refused)} runs exported, {there} were there")
    print("".join(f"refused: {line}\n" for line in refused), end="")
    return 1 if refused else 0


def _tool(target: str) -> ModuleType:
    """Return the module that writes for `target`; a `UserError` says how to install its library."""
    try:
        return import_module(f"..migration.to_{target}", __package__)
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] != target:
            raise
        cure = f"make tracking-export TO={target}"
        raise UserError(f"{target} is not installed here; {cure} brings it along") from None
