"""Track runs with MLflow: an SQLite file below `.cache/runs`, copied to a server if one is set."""

import json
import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

from .mirror import Mirror, claimed, folder_of
from .mlflow_store import Store, local, mlflow, plain, server

Scalar = str | int | float | bool

_BATCH = 1000
_logger = logging.getLogger(__name__)
_unreachable = Event()


class Run:
    """One tracked run. If it could not be opened, it takes everything and keeps nothing."""

    def __init__(self, run: "_Record | None") -> None:
        self._run = run

    def log(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Add a point to the curve of each metric; without a step, after the last one."""
        with _spared("log metrics"):
            if self._run:
                self._run.log({name: float(value) for name, value in metrics.items()}, step)

    def artifact(self, path: str | Path, name: str) -> None:
        """Keep the file or folder at `path` with the run, under `name`."""
        with _spared(f"keep {path}"):
            if self._run:
                self._run.keep(Path(path), plain(name, flat=True))

    @property
    def url(self) -> str:
        """Where people look: an address or a folder; empty if nothing is tracked."""
        return self._run.url if self._run else ""


@contextmanager
def start_run(job: str, params: Mapping[str, Scalar], tags: Sequence[str] = ()) -> Iterator[Run]:
    """Open a tracked run of `job` and close it, whatever happens inside.

    Metrics appear as curves, `params` as the run's parameters. An exception marks the run failed
    and is raised again; trouble with the tracker itself is a logged warning, never an error,
    because a lost curve must not cost a trained model. That is also why every run is kept on disk
    first: what a server did not get, `make tracking-sync` sends.
    """
    run = _open(job, params, tags)
    try:
        yield Run(run)
    except BaseException:
        _close(run, failed=True)
        raise
    _close(run, failed=False)


class _Record:
    """A run in the local store, and its copy on the server for as long as that answers."""

    def __init__(self, job: str, params: Mapping[str, Scalar], tags: Sequence[str]) -> None:
        self._store = local()
        self._id = _create(self._store, job, params, tags)
        self._claim = ExitStack()
        self._claim.enter_context(claimed(self._id))
        self._step, self._points = -1, list[mlflow.entities.Metric]()
        self._opened, self._spent = time.monotonic(), 0.0
        self._mirror = _mirror(self._store, self._id)

    @property
    def url(self) -> str:
        return self._mirror.url if self._mirror else str(folder_of(self._id))

    def log(self, metrics: Mapping[str, float], step: int | None) -> None:
        self._step = self._step + 1 if step is None else step
        now = time.time_ns() // 1_000_000
        self._points += [
            mlflow.entities.Metric(plain(name), value, now, self._step)
            for name, value in metrics.items()
        ]
        # At once, until that has cost a second and a tenth of the time: from then on in batches.
        allowed = 1 + (time.monotonic() - self._opened) / 10
        if self._spent < allowed or len(self._points) >= _BATCH:
            self._write()

    def keep(self, path: Path, name: str) -> None:
        client = self._store.client
        (client.log_artifacts if path.is_dir() else client.log_artifact)(self._id, str(path), name)
        self._send(lambda mirror: mirror.artifacts(name))

    def close(self, *, failed: bool) -> None:
        with self._claim:
            try:
                self._write()
            finally:
                self._store.client.set_terminated(self._id, "FAILED" if failed else "FINISHED")
            run = self._store.client.get_run(self._id)
            self._send(lambda mirror: mirror.end(run))

    def _write(self) -> None:
        start = time.monotonic()
        self._store.client.log_batch(self._id, metrics=self._points)
        # Only now: what could not be written is written with the next ones.
        points, self._points = self._points, []
        self._send(lambda mirror: mirror.points(points))
        self._spent += time.monotonic() - start

    def _send(self, what: Callable[[Mirror], None]) -> None:
        try:
            if self._mirror:
                what(self._mirror)
        except Exception as error:
            self._mirror = None
            _give_up(error)


def _open(job: str, params: Mapping[str, Scalar], tags: Sequence[str]) -> _Record | None:
    with _spared("open a run"):
        return _Record(job, params, tags)
    return None


def _close(run: _Record | None, *, failed: bool) -> None:
    with _spared("close the run"):
        if run:
            run.close(failed=failed)


def _create(store: Store, job: str, params: Mapping[str, Scalar], tags: Sequence[str]) -> str:
    run = store.client.create_run(
        store.experiment,
        run_name=f"{job[:200]}-{secrets.token_hex(4)}",
        tags={"job": job, "tags": json.dumps(list(tags), ensure_ascii=False)},
    )
    kept = [mlflow.entities.Param(plain(name), str(value)) for name, value in params.items()]
    store.client.log_batch(run.info.run_id, params=kept)
    return str(run.info.run_id)


def _mirror(store: Store, run: str) -> Mirror | None:
    if _unreachable.is_set():
        return None
    try:
        there = server()
        return Mirror(store, there, store.client.get_run(run)) if there else None
    except Exception as error:
        _give_up(error)
        return None


def _give_up(error: Exception) -> None:
    """Say it once: the next runs of this process would only wait for the server again."""
    if not _unreachable.is_set():
        _logger.warning(
            "tracking: the server failed, so runs are kept in .cache/runs until "
            "`make tracking-sync` sends them: %s",
            str(error).partition("\n")[0],
        )
    _unreachable.set()


@contextmanager
def _spared(what: str) -> Iterator[None]:
    """Turn trouble with the tracker into a line of the log: `-W error` must not raise it either."""
    try:
        yield
    except Exception as error:
        _logger.warning("tracking: could not %s: %s", what, " ".join(str(error).split())[:300])
