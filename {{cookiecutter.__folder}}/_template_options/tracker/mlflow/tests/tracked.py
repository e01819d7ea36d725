"""Read a run of MLflow back with its own client."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from reading import Tracked

from {{cookiecutter.package_name}}.mlflow_store import ARTIFACTS, Store, local, plain

ENDS: dict[str, Literal["running", "finished", "failed"]] = {
    "RUNNING": "running",
    "FINISHED": "finished",
    "FAILED": "failed",
    "KILLED": "failed",
}

FLOAT = np.float64


def kept_name(name: str) -> str:
    """MLflow refuses some signs."""
    return plain(name)


def runs() -> list[str]:
    """Return the folders of all runs of this project, the oldest first."""
    here = local()
    found = here.client.search_runs([here.experiment], order_by=["attributes.start_time ASC"])
    return [str(ARTIFACTS / run.info.run_id) for run in found]


def read(url: str) -> Tracked:
    """Read a run from the local store, by its folder."""
    return read_from(local(), Path(url).name)


def read_from(store: Store, identity: str) -> Tracked:
    """Read a run by its id from one of the two places."""
    run = store.client.get_run(identity)
    return Tracked(
        job=run.data.tags["job"],
        params=dict(run.data.params),
        tags=json.loads(run.data.tags["tags"]),
        curves={name: _curve(store, identity, name) for name in run.data.metrics},
        artifacts={
            re.sub(":([0-9a-f]{1,6}):", lambda code: chr(int(code[1], 16)), folder.path): sorted(
                path.removeprefix(f"{folder.path}/")
                for path in _files(store, identity, folder.path)
            )
            for folder in store.client.list_artifacts(identity)
        },
        status=ENDS[run.info.status],
    )


def _curve(store: Store, identity: str, name: str) -> list[tuple[int, float]]:
    points = store.client.get_metric_history(identity, name)
    return sorted(((point.step, _number(point.value)) for point in points), key=lambda it: it[0])


def _number(value: float) -> float:
    """Undo what MLflow's databases make of infinity."""
    return value if abs(value) < sys.float_info.max else value * 2


def _files(store: Store, identity: str, folder: str) -> Iterator[str]:
    for item in store.client.list_artifacts(identity, folder):
        if item.is_dir:
            yield from _files(store, identity, item.path)
        else:
            yield item.path
