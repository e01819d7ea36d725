"""What the service saw and said, as JSON lines, for `monitor` to read.

No personal data: neither features that the schema calls personal, nor anything about who asked.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from ..data.spec import Schema

logger = logging.getLogger(__name__)

FOLDER = Path("logs/events")
ROWS = 8  # features of at most so many rows of a request are kept
SILENCE = 60.0  # seconds between two warnings that events cannot be written


def recorded_features(schema: Schema) -> list[str]:
    """Name the columns of an event's `features`, in their order."""
    return [feature.name for feature in schema.features if not feature.personal]


def read_events(folder: str | Path = FOLDER) -> Iterator[dict[str, Any]]:
    """Give every event, oldest file first; a line that was cut off by a crash is passed over."""
    for path in sorted(Path(folder).glob("events-*.jsonl"), key=lambda p: p.stat().st_mtime_ns):
        for line in path.read_bytes().splitlines():
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError:
                continue


class EventLog:
    """Appends to `folder`/events-<process id>.jsonl, and keeps the newest `files` of `size` bytes.

    An event is `time`, `model`, `rows`, and one entry a row in `labels` and `confidence`;
    `features` holds the columns `recorded_features` of the first `ROWS` rows. A full disk costs
    events and a warning a minute, never an answer.
    """

    def __init__(
        self, folder: str | Path = FOLDER, size: int = 10_000_000, files: int = 10
    ) -> None:
        self._folder, self._size, self._files = Path(folder), size, files
        self._path = self._folder / f"events-{os.getpid()}.jsonl"
        self._file = -1
        self._written = 0
        self._silent_until = 0.0
        self._lock = threading.Lock()
        self._columns: tuple[Schema | None, np.ndarray] = (None, np.empty(0))

    def record(
        self,
        model: str,
        schema: Schema,
        inputs: np.ndarray,
        labels: list[str],
        probabilities: np.ndarray,
    ) -> None:
        """Write one event; it is on its way to the disk when this returns."""
        features = inputs[:ROWS].reshape(min(len(inputs), ROWS), -1)[:, self._kept(schema)]
        event = {
            "time": datetime.now(UTC),
            "model": model,
            "rows": len(inputs),
            "labels": labels,
            "confidence": probabilities.max(axis=1),
            "features": np.ascontiguousarray(features),
        }
        options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
        line = orjson.dumps(event, option=options)
        with self._lock:
            try:
                self._append(line)
            except OSError as error:
                self._complain(error)

    def close(self) -> None:
        """Close the file; a later event opens it again."""
        with self._lock:
            self._shut()

    def _kept(self, schema: Schema) -> np.ndarray:
        if self._columns[0] is not schema:
            kept = [place for place, f in enumerate(schema.features) if not f.personal]
            self._columns = (schema, np.asarray(kept, dtype=np.intp))
        return self._columns[1]

    def _append(self, line: bytes) -> None:
        if self._file < 0:
            self._open()
        if self._written and self._written + len(line) > self._size:
            self._rotate()
        self._written += os.write(self._file, line)

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._written = os.fstat(self._file).st_size
        self._drop_oldest()

    def _rotate(self) -> None:
        self._shut()
        self._path.rename(self._path.with_suffix(f".{time.time_ns()}.jsonl"))
        self._open()

    def _drop_oldest(self) -> None:
        """Also those of earlier processes: each has its own files, and they add up."""
        found = sorted(self._folder.glob("events-*.jsonl"), key=lambda p: p.stat().st_mtime_ns)
        for path in [path for path in found if path != self._path][: -self._files + 1 or None]:
            path.unlink(missing_ok=True)

    def _shut(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _complain(self, error: OSError) -> None:
        self._shut()
        if time.monotonic() >= self._silent_until:
            self._silent_until = time.monotonic() + SILENCE
            logger.warning("events are lost: %s", error)
