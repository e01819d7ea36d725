"""Read a run back for the contract of `tracking`, from the queue that Neptune would send."""

from pathlib import Path

import numpy as np
from reading import Tracked

from {{cookiecutter.package_name}}.migration import runs as kept_runs

FLOAT = np.float64


def runs() -> list[str]:
    """Return the folders of all runs of this project."""
    return sorted(map(str, Path(".cache/runs/.neptune/offline").glob("run__*")))


def read(url: str) -> Tracked:
    """Read the run in the folder that `Run.url` named, whether it was closed or killed."""
    run = kept_runs.read(url)
    return Tracked(
        job=run.job,
        params=run.params,
        tags=run.tags,
        curves={name: [(at.step, at.value) for at in curve] for name, curve in run.curves.items()},
        artifacts={name: sorted(files) for name, files in run.artifacts.items()},
        status=run.status,
    )


def kept_name(name: str) -> str:
    """Neptune takes any name, if it is quoted."""
    return name
