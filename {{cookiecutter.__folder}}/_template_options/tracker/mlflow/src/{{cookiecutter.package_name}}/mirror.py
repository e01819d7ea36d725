"""Copy runs from the local store to the server; to send what is there already changes nothing."""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .artifacts import fingerprint
from .errors import UserError
from .mlflow_store import ARTIFACTS, Store, local, mlflow, server, told

_SENT = "sent"
_ORIGIN = "local_run"


class Mirror:
    """The copy of one local run on the server, found by the id of the local one or made."""

    def __init__(self, here: Store, there: Store, run: mlflow.entities.Run) -> None:
        self._here, self._there, self._local = here, there, run.info.run_id
        self._id = self._find() or self._make(run)
        params = [mlflow.entities.Param(key, value) for key, value in run.data.params.items()]
        there.client.log_batch(self._id, params=params)

    @property
    def url(self) -> str:
        """Where people look at the copy."""
        there = self._there
        return f"{there.uri.rstrip('/')}/#/experiments/{there.experiment}/runs/{self._id}"

    def points(self, points: Sequence[mlflow.entities.Metric]) -> None:
        """Send points; MLflow keeps one of those with the same name, step, time and value."""
        self._there.client.log_batch(self._id, metrics=points)

    def artifacts(self, name: str = "") -> None:
        """Send all that the local run keeps, or what it keeps under `name`."""
        folder = folder_of(self._local) / "artifacts" / name
        if folder.is_dir():
            self._there.client.log_artifacts(self._id, str(folder), name or None)

    def end(self, run: mlflow.entities.Run) -> None:
        """Send how the run ended, and note in the local one that nothing is left to send."""
        self._there.client.set_terminated(self._id, run.info.status, run.info.end_time)
        self._here.client.set_tag(self._local, _SENT, fingerprint(self._there.uri))

    def _find(self) -> str | None:
        mine = f"tags.{_ORIGIN} = '{self._local}'"
        found = self._there.client.search_runs([self._there.experiment], mine, max_results=1)
        return str(found[0].info.run_id) if found else None

    def _make(self, run: mlflow.entities.Run) -> str:
        own = {_SENT, *(name for name in run.data.tags if name.startswith("mlflow."))}
        tags = {name: value for name, value in run.data.tags.items() if name not in own}
        copy = self._there.client.create_run(
            self._there.experiment,
            start_time=run.info.start_time,
            run_name=run.info.run_name,
            tags=tags | {_ORIGIN: self._local},
        )
        return str(copy.info.run_id)


def sync() -> list[str]:
    """Send every run that the server does not have wholly, and return their names.

    A run whose process was killed is marked so, here and there. One that is still going on is left
    to its own process. Raises `UserError` when no server is set, or when it does not answer.
    """
    with told():
        there = server()
        if not there:
            raise UserError("no server is set: put MLFLOW_TRACKING_URI into .env")
        here = local()
        return [name for run in _ids(here) if (name := _send(here, there, run))]


@contextmanager
def claimed(run: str) -> Iterator[bool]:
    """Say whether this process alone has to do with the run; a killed one lets go of it."""
    folder_of(run).mkdir(parents=True, exist_ok=True)
    with (folder_of(run) / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def folder_of(run: str) -> Path:
    """Return where the local store keeps the files of a run."""
    return ARTIFACTS / run


def _ids(here: Store) -> Iterator[str]:
    token = None
    while token != "":
        page = here.client.search_runs(
            [here.experiment], order_by=["attributes.start_time ASC"], page_token=token
        )
        yield from (str(run.info.run_id) for run in page)
        token = page.token or ""


def _send(here: Store, there: Store, identity: str) -> str | None:
    with claimed(identity) as free:
        run = here.client.get_run(identity)
        if not free or run.data.tags.get(_SENT) == fingerprint(there.uri):
            return None
        if run.info.status == "RUNNING":
            here.client.set_terminated(identity, "KILLED")
            run = here.client.get_run(identity)
        mirror = Mirror(here, there, run)
        for name in run.data.metrics:
            mirror.points(here.client.get_metric_history(identity, name))
        mirror.artifacts()
        mirror.end(run)
        return str(run.info.run_name)
