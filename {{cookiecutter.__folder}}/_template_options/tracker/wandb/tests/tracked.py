"""Read a run of W&B back from its file, with its public record classes only."""

import json
import struct
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from reading import Tracked

FLOAT = np.float64

BLOCK, HEADER = 32768, 7
WHOLE, LAST = 1, 4
# Its module picks one of several generated ones when it runs, so its types are not known before.
RECORD = import_module("wandb.proto.wandb_internal_pb2").Record


def kept_name(name: str) -> str:
    """W&B takes any name as it is."""
    return name


def runs() -> list[str]:
    """Return the folders of all runs of this project, the oldest first."""
    return sorted(map(str, Path(".cache/runs/wandb").glob("offline-run-*")))


def read(url: str) -> Tracked:
    """Read a run by its folder; W&B's own process may write the last record after it was closed."""
    kept = records(url)
    opened = kept["run"][0]
    artifacts = {
        record.name.removesuffix(f"-{opened.run_id}"): sorted(
            entry.path for entry in record.manifest.contents
        )
        for record in kept.get("artifact", [])
    }
    return Tracked(
        job=opened.job_type,
        params={item.key: json.loads(item.value_json) for item in opened.config.update},
        tags=list(opened.tags),
        curves=_curves(kept),
        artifacts=artifacts,
        status="failed" if kept["exit"][0].exit_code else "finished",
    )


def records(folder: str) -> dict[str, list[Any]]:
    """Return the records of a closed run by their kind."""
    for _ in range(600):
        if "exit" in (found := _records_so_far(folder)):
            return found
        time.sleep(0.05)
    raise AssertionError(f"{folder} was not closed, it holds {list(found)}")


def _curves(kept: dict[str, list[Any]]) -> dict[str, list[tuple[int, float]]]:
    curves: dict[str, list[tuple[int, float]]] = {}
    for row in kept.get("history", []):
        # A picture is nested deeper.
        plain = [item for item in row.item if len(item.nested_key) < 2]
        values = {
            "".join(item.nested_key) or item.key: json.loads(item.value_json) for item in plain
        }
        for name, value in values.items():
            if not name.startswith("_"):
                curves.setdefault(name, []).append((values["_step"], value))
    return curves


def _records_so_far(folder: str) -> dict[str, list[Any]]:
    [path] = Path(folder).glob("*.wandb")
    found: dict[str, list[Any]] = {}
    for data in _payloads(path.read_bytes()):
        record = RECORD.FromString(data)
        kind = str(record.WhichOneof("record_type"))
        found.setdefault(kind, []).append(getattr(record, kind))
    return found


def _payloads(content: bytes) -> Iterator[bytes]:
    """Put together the parts of each record: no header crosses the end of a block."""
    assert content[:4] == b":W&B"
    position, parts = HEADER, b""
    while position + HEADER <= len(content):
        if (left := BLOCK - position % BLOCK) < HEADER:
            position += left
            continue
        _, length, kind = struct.unpack("<IHB", content[position : position + HEADER])
        position += HEADER
        parts += content[position : position + length]
        position += length
        if kind in {WHOLE, LAST}:
            yield parts
            parts = b""
