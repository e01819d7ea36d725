"""What TensorBoard keeps of a run, read back with its own reader."""

import math
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import api_pb2, metadata

from {{cookiecutter.package_name}}.tracking import start_run


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(folder: str) -> EventAccumulator:
    events = EventAccumulator(folder)
    events.Reload()
    return events


def status(events: EventAccumulator) -> int:
    content = events.SummaryMetadata(metadata.SESSION_END_INFO_TAG).plugin_data.content
    return int(metadata.parse_session_end_info_plugin_data(content).status)


def text(events: EventAccumulator, tag: str) -> str:
    [value] = events.Tensors(tag)[0].tensor_proto.string_val
    return bytes(value).decode()


def test_a_run_holds_all_that_was_said() -> None:
    Path("card.md").write_text("# Card")
    with start_run("train", {"network": "cnn", "rate": 0.1, "fast": True}, ["größe", "b"]) as run:
        run.log({"loss": 0.5, "größe ☃": math.nan}, step=3)
        run.log({"loss": 0.25})
        run.artifact("card.md", "card")
    events = read(run.url)
    points = {tag: events.Tensors(tag) for tag in ("loss", "größe ☃")}
    assert [(point.step, point.tensor_proto.float_val[0]) for point in points["loss"]] == [
        (3, 0.5),
        (4, 0.25),
    ]
    assert math.isnan(points["größe ☃"][0].tensor_proto.float_val[0])
    content = events.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    params = metadata.parse_session_start_info_plugin_data(content).hparams
    assert params["network"].string_value == "cnn"
    assert params["rate"].number_value == 0.1
    assert params["fast"].bool_value is True
    assert text(events, "tags") == "größe, b"
    assert text(events, "status") == "finished"
    assert status(events) == api_pb2.STATUS_SUCCESS
    assert (Path(run.url) / "artifacts/card").read_text() == "# Card"
    assert Path(run.url).name.startswith("train-")


def test_a_crash_marks_the_run_failed() -> None:
    with pytest.raises(ZeroDivisionError), start_run("train", {}) as run:
        raise ZeroDivisionError
    events = read(run.url)
    assert text(events, "status") == "failed"
    assert status(events) == api_pb2.STATUS_FAILURE


def test_a_killed_run_has_what_was_logged_before() -> None:
    with start_run("train", {}) as run:
        run.log({"loss": 0.5}, step=0)
        assert read(run.url).Tensors("loss")[0].tensor_proto.float_val[0] == 0.5
