"""Read a run of TensorBoard back with its own event accumulator."""

from pathlib import Path
from typing import Literal

import numpy as np
from reading import Tracked
from tensorboard.backend.event_processing.event_accumulator import TENSORS, EventAccumulator
from tensorboard.plugins.hparams import api_pb2, metadata

# Its scalars have single precision.
FLOAT = np.float32


def kept_name(name: str) -> str:
    """TensorBoard takes any name as it is."""
    return name


def runs() -> list[str]:
    """Return the folders of all runs of this project."""
    return sorted(map(str, Path(".cache/runs").glob("*")))


def read(url: str) -> Tracked:
    """Read a run, closed or not, by its folder."""
    events = open_events(url)
    artifacts: dict[str, list[str]] = {}
    for folder in sorted((Path(url) / "artifacts").glob("*")):
        files = [path for path in folder.rglob("*") if path.is_file()]
        artifacts[folder.name] = sorted(path.relative_to(folder).as_posix() for path in files)
    return Tracked(
        job=Path(url).name.rpartition("-")[0],
        params=_params(events),
        tags=[tag for tag in text(events, "tags").split(", ") if tag],
        curves={
            tag: [(point.step, point.tensor_proto.float_val[0]) for point in events.Tensors(tag)]
            for tag in events.Tags()["tensors"]
            if events.SummaryMetadata(tag).plugin_data.plugin_name == "scalars"
        },
        artifacts=artifacts,
        status=_status(events),
    )


def open_events(url: str) -> EventAccumulator:
    """Return all events; by default the reader would keep ten of a curve."""
    events = EventAccumulator(url, size_guidance={TENSORS: 0})
    events.Reload()
    return events


def text(events: EventAccumulator, tag: str) -> str:
    """Return a text of the run."""
    [value] = events.Tensors(tag)[0].tensor_proto.string_val
    return bytes(value).decode()


def _params(events: EventAccumulator) -> dict[str, str | int | float | bool]:
    content = events.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    values = metadata.parse_session_start_info_plugin_data(content).hparams
    return {name: getattr(value, str(value.WhichOneof("kind"))) for name, value in values.items()}


def _status(events: EventAccumulator) -> Literal["running", "finished", "failed"]:
    if metadata.SESSION_END_INFO_TAG not in events.Tags()["tensors"]:
        return "running"
    content = events.SummaryMetadata(metadata.SESSION_END_INFO_TAG).plugin_data.content
    status = int(metadata.parse_session_end_info_plugin_data(content).status)
    ends: dict[int, Literal["finished", "failed"]] = {
        api_pb2.STATUS_SUCCESS: "finished",
        api_pb2.STATUS_FAILURE: "failed",
    }
    return ends[status]
