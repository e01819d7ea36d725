"""Write Neptune's runs as event files of TensorBoard, each in a folder below `.cache/runs`."""

import json
import re
import shutil
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.record_writer import RecordWriter

from .runs import KeptRun, copy

RUNS = Path(".cache/runs")
_MARK = "neptune.json"


def is_there(run: KeptRun) -> bool:
    """Say whether all of the run was written before; one that went on since was not."""
    mark = _folder(run) / _MARK
    return mark.exists() and json.loads(mark.read_text())["operations"] == run.operations


def write(run: KeptRun) -> None:
    """Write the run, in place of what was written of it before."""
    folder = _folder(run)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = folder / f"events.out.tfevents.{int(run.started)}.neptune"
    with path.open("wb") as file:
        records = RecordWriter(file)
        for event in _events(run):
            records.write(event.SerializeToString())
        records.close()
    for name, files in run.artifacts.items():
        copy(files, folder / "artifacts" / _plain(name))
    (folder / _MARK).write_text(json.dumps({"run": run.id, "operations": run.operations}))


def _folder(run: KeptRun) -> Path:
    return RUNS / f"{_plain(run.job)}-{run.id[:8]}"


def _events(run: KeptRun) -> list[Event]:
    """Say what was said, with its steps and times; a run without an end gets none here either."""
    start = [hparams_pb(run.params, trial_id=run.name), text_pb("tags", ", ".join(run.tags))]
    events = [Event(wall_time=run.started, file_version="brain.Event:2")]
    events += [Event(wall_time=run.started, summary=summary) for summary in start]
    for name, points in run.curves.items():
        for point in points:
            summary = scalar_pb(name, point.value)
            events.append(Event(wall_time=point.at, step=point.step, summary=summary))
    if run.status != "running":
        end = [text_pb("status", run.status), _end(run)]
        events += [Event(wall_time=run.ended, summary=summary) for summary in end]
    return events


def _end(run: KeptRun) -> Summary:
    """Say in the hyperparameter table how the run ended; TensorBoard's helper needs TensorFlow."""
    failed = run.status == "failed"
    status = api_pb2.STATUS_FAILURE if failed else api_pb2.STATUS_SUCCESS
    end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=run.ended)
    data = plugin_data_pb2.HParamsPluginData(session_end_info=end)
    summary = Summary()
    summary.value.add(
        tag=metadata.SESSION_END_INFO_TAG,
        metadata=metadata.create_summary_metadata(data),
        tensor=metadata.NULL_TENSOR,
    )
    return summary


def _plain(name: str) -> str:
    """Keep what every file system allows in a name."""
    return re.sub(r"[^\w.-]+", "-", name).strip(".-")[:60] or "unnamed"
