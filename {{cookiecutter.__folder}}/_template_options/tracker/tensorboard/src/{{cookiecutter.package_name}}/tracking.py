"""Track runs with TensorBoard: event files below `.cache/runs`, no server, no account."""

import logging
import os
import re
import secrets
import shutil
import socket
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.types_pb2 import DT_STRING
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.plugins.image.metadata import create_summary_metadata
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.record_writer import RecordWriter

Scalar = str | int | float | bool

_FOLDER = Path(".cache/runs")
_logger = logging.getLogger(__name__)


class Run:
    """One tracked run. If it could not be opened, it takes everything and keeps nothing."""

    def __init__(self, run: "_EventFile | None") -> None:
        self._run = run

    def log(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Add a point to the curve of each metric; without a step, after the last one."""
        with _spared("log metrics"):
            if self._run:
                self._run.step = self._run.step + 1 if step is None else step
                summaries = [scalar_pb(name, float(value)) for name, value in metrics.items()]
                self._run.write(*summaries)

    def artifact(self, path: str | Path, name: str) -> None:
        """Keep the file or folder at `path` with the run, under `name`; a picture is shown too."""
        with _spared(f"keep {path}"):
            if self._run:
                target = self._run.folder / "artifacts" / _plain(name)
                if Path(path).is_dir():
                    shutil.copytree(path, target, dirs_exist_ok=True)
                else:
                    target.mkdir(parents=True, exist_ok=True)
                    shutil.copy(path, target)
                if Path(path).suffix == ".png":
                    self._run.write(_picture(name, Path(path).read_bytes()))

    @property
    def url(self) -> str:
        """Where people look: an address or a folder; empty if nothing is tracked."""
        return str(self._run.folder) if self._run else ""


@contextmanager
def start_run(job: str, params: Mapping[str, Scalar], tags: Sequence[str] = ()) -> Iterator[Run]:
    """Open a tracked run of `job` and close it, whatever happens inside.

    Metrics appear as curves, `params` as hyperparameters. An exception marks the run failed and
    is raised again; trouble with the tracker itself is a logged warning, never an error, because
    a lost curve must not cost a trained model.
    """
    run = _open(job, params, tags)
    try:
        yield Run(run)
    except BaseException:
        _close(run, failed=True)
        raise
    _close(run, failed=False)


class _EventFile:
    """An event file, written at once: TensorBoard's own writer reports a full disk in a thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}.0"
        self.folder = folder
        self.step = -1
        self._records = RecordWriter((folder / name).open("wb"))
        self._records.write(
            Event(wall_time=time.time(), file_version="brain.Event:2").SerializeToString()
        )

    def write(self, *summaries: Summary) -> None:
        for summary in summaries:
            event = Event(wall_time=time.time(), step=max(self.step, 0), summary=summary)
            self._records.write(event.SerializeToString())
        self._records.flush()

    def close(self) -> None:
        self._records.close()


def _open(job: str, params: Mapping[str, Scalar], tags: Sequence[str]) -> _EventFile | None:
    with _spared("open a run"):
        name = f"{_plain(job)}-{secrets.token_hex(4)}"
        run = _EventFile(_FOLDER / name)
        run.write(hparams_pb(dict(params), trial_id=name), text_pb("tags", ", ".join(tags)))
        return run
    return None


def _close(run: _EventFile | None, *, failed: bool) -> None:
    with _spared("close the run"):
        if run:
            run.write(text_pb("status", "failed" if failed else "finished"), _end(failed=failed))
            run.close()


def _end(*, failed: bool) -> Summary:
    """Say in the hyperparameter table how the run ended; TensorBoard's helper needs TensorFlow."""
    status = api_pb2.STATUS_FAILURE if failed else api_pb2.STATUS_SUCCESS
    end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=time.time())
    data = plugin_data_pb2.HParamsPluginData(session_end_info=end)
    summary = Summary()
    summary.value.add(
        tag=metadata.SESSION_END_INFO_TAG,
        metadata=metadata.create_summary_metadata(data),
        tensor=metadata.NULL_TENSOR,
    )
    return summary


def _picture(name: str, png: bytes) -> Summary:
    """Show a picture as it is; TensorBoard's helper needs TensorFlow to encode it."""
    width, height = struct.unpack(">II", png[16:24])
    summary = Summary()
    summary.value.add(
        tag=name,
        metadata=create_summary_metadata(name, description=""),
        tensor=TensorProto(
            dtype=DT_STRING, string_val=[str(width).encode(), str(height).encode(), png]
        ),
    )
    return summary


def _plain(name: str) -> str:
    """Keep what every file system allows in a name."""
    return re.sub(r"[^\w.-]+", "-", name).strip(".-")[:60] or "unnamed"


@contextmanager
def _spared(what: str) -> Iterator[None]:
    """Turn trouble with the tracker into a line of the log: `-W error` must not raise it either."""
    try:
        yield
    except Exception as error:
        _logger.warning("tracking: could not %s: %s", what, str(error).partition("\n")[0])
