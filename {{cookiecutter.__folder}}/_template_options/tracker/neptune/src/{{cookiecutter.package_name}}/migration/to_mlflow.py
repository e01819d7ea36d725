"""Write Neptune's runs into a database of MLflow: `.cache/runs/mlflow.db`, files beside it."""

import json
import os
import posixpath
import re
from pathlib import Path
from tempfile import TemporaryDirectory

# Read when mlflow is imported: it would report to its makers, and print what it does to tables.
os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_LOGGING_LEVEL": "CRITICAL"}

from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.tracking import MlflowClient

from ..artifacts import fingerprint
from .runs import KeptRun, copy

DATABASE = Path(".cache/runs/mlflow.db")
ARTIFACTS = Path(".cache/runs/artifacts")
EXPERIMENT = __name__.partition(".")[0]
_RUN, _OPERATIONS = "neptune.run", "neptune.operations"
_ENDS = {"finished": "FINISHED", "failed": "FAILED", "running": "KILLED"}
# MLflow takes no more in one call.
_BATCH = 1000


def is_there(run: KeptRun) -> bool:
    """Say whether all of the run was written before; one that went on since was not."""
    found = [kept.data.tags.get(_OPERATIONS) for kept in _found(_client(), run)]
    return str(run.operations) in found


def write(run: KeptRun) -> None:
    """Write the run, in place of what was written of it before."""
    client = _client()
    for kept in _found(client, run):
        client.delete_run(kept.info.run_id)
    tags = {"job": run.job, "tags": json.dumps(run.tags, ensure_ascii=False), _RUN: run.id}
    opened = client.create_run(_experiment(client), int(1000 * run.started), tags, run.name)
    key = opened.info.run_id
    params = [Param(_plain(name), str(value)[:6000]) for name, value in run.params.items()]
    for start in range(0, len(params), 100):
        client.log_batch(key, params=params[start : start + 100])
    metrics = _metrics(run)
    for start in range(0, len(metrics), _BATCH):
        client.log_batch(key, metrics=metrics[start : start + _BATCH])
    _upload(client, key, run)
    client.set_terminated(key, _ENDS[run.status], end_time=int(1000 * run.ended))
    # Last, because a run without it is written anew.
    client.log_batch(key, tags=[RunTag(_OPERATIONS, str(run.operations))])


def _client() -> MlflowClient:
    DATABASE.parent.mkdir(parents=True, exist_ok=True)
    return MlflowClient(f"sqlite:///{DATABASE}")


def _experiment(client: MlflowClient) -> str:
    """Return the project's experiment, whose files shall not lie in the working directory."""
    if found := client.get_experiment_by_name(EXPERIMENT):
        return str(found.experiment_id)
    return str(client.create_experiment(EXPERIMENT, ARTIFACTS.resolve().as_uri()))


def _found(client: MlflowClient, run: KeptRun) -> list[Run]:
    query = f"tags.`{_RUN}` = '{run.id}'"
    return list(client.search_runs([_experiment(client)], query))


def _metrics(run: KeptRun) -> list[Metric]:
    return [
        Metric(_plain(name), point.value, int(1000 * point.at), point.step)
        for name, points in run.curves.items()
        for point in points
    ]


def _upload(client: MlflowClient, key: str, run: KeptRun) -> None:
    for name, files in run.artifacts.items():
        with TemporaryDirectory(dir=DATABASE.parent) as scratch:
            copy(files, Path(scratch))
            client.log_artifacts(key, scratch, _plain(name, flat=True))


def _plain(name: str, *, flat: bool = False) -> str:
    """Spell a name as MLflow takes it: what it refuses becomes a code, such as `:2603:` for ☃.

    So two names never become one. A `flat` one has no slash, which in names of files is a folder.
    """
    plain = re.sub(r"[^\w. :-]" if flat else r"[^\w./ :-]", _code, name)
    if posixpath.normpath(plain) != plain or plain.startswith(("/", "..")) or plain == ".":
        plain = re.sub(r"[./]", _code, plain)
    if len(plain.encode()) > 200:
        plain = f"{plain.encode()[:180].decode(errors='ignore')}:{fingerprint(name)}:"
    return plain or "unnamed"


def _code(sign: re.Match[str]) -> str:
    return f":{ord(sign[0]):x}:"
