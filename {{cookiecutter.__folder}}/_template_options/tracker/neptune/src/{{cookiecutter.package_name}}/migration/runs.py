"""Read back the runs that Neptune keeps here, from the queue in which they wait for a server.

Neptune writes each thing that is said as a line of JSON, and reads them with the classes that are
used here. A line that a killed process left half written is where they stop.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from neptune.core.components.operation_storage import OperationStorage
from neptune.core.components.queue.json_file_splitter import JsonFileSplitter
from neptune.internal.operation import (
    AddStrings,
    AssignString,
    LogFloats,
    LogStrings,
    Operation,
    UploadFile,
)

from ..tracking import Scalar, unquoted

FOLDER = Path(".cache/runs/.neptune")


@dataclass(frozen=True)
class Point:
    """A value of a curve, and when it was logged, in seconds since 1970."""

    step: int
    value: float
    at: float


@dataclass
class KeptRun:
    """What a step said to its run; one without an end goes on, or was killed."""

    id: str
    operations: int = 0
    started: float = 0.0
    ended: float = 0.0
    job: str = ""
    status: Literal["running", "finished", "failed"] = "running"
    params: dict[str, Scalar] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    curves: dict[str, list[Point]] = field(default_factory=dict)
    artifacts: dict[str, dict[str, Path]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name the run as people see it."""
        return f"{self.job}-{self.id[:8]}"


def kept_runs(folder: Path = FOLDER) -> list[KeptRun]:
    """Read all runs below `folder`, the oldest first: those not sent, and not sent to the end."""
    return sorted((read(path) for path in folder.glob("*/run__*")), key=lambda run: run.started)


def read(folder: str | Path) -> KeptRun:
    """Read the run in `folder`, which may still be written to."""
    run = KeptRun(id=Path(folder).name.split("__")[1])
    for operation, at in _operations(Path(folder)):
        run.started = run.started or at
        run.ended = at
        run.operations += 1
        _take(run, operation, OperationStorage(Path(folder)))
    return run


def copy(files: dict[str, Path], folder: Path) -> None:
    """Copy an artifact's files to their places in `folder`."""
    for place, file in files.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / place)


def _operations(folder: Path) -> Iterator[tuple[Operation, float]]:
    """Yield what is written, in order, with its time; what was sent before is told again."""
    for path in sorted(folder.glob("data-*.log"), key=lambda path: int(path.stem[5:])):
        with JsonFileSplitter(path) as lines:
            while line := lines.get():
                yield Operation.from_dict(line["obj"]), line["at"]


def _take(run: KeptRun, operation: Operation, storage: OperationStorage) -> None:
    """Put the operation where it belongs; others, Neptune says by itself."""
    match operation.path, operation:
        case ["sys", "name"], AssignString(value=str(job)):
            run.job = job
        case ["sys", "tags"], AddStrings(values=tags):
            run.tags += sorted(tags)
        case ["status"], AssignString(value="finished" | "failed" as status):
            run.status = status
        case ["params", name], assignment:
            run.params[unquoted(name)] = _value(assignment)
        case ["metrics" | "not_finite", name], LogFloats(values=points) | LogStrings(values=points):
            run.curves.setdefault(unquoted(name), []).extend(map(_point, points))
        case ["artifacts", name, *parts], UploadFile():
            file = Path(operation.get_absolute_path(storage))
            kept = run.artifacts.setdefault(unquoted(name), {})
            if file.is_file():  # or a server has it already
                kept["/".join(map(unquoted, parts))] = file


def _value(assignment: Any) -> Scalar:  # noqa: ANN401
    value: Scalar = assignment.value
    return value


def _point(point: Any) -> Point:  # noqa: ANN401
    return Point(int(point.step), float(point.value), float(point.ts))
