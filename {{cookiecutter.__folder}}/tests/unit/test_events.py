import os
from pathlib import Path

import numpy as np
import pytest

from {{cookiecutter.package_name}}.data.spec import Feature, Schema
from {{cookiecutter.package_name}}.monitoring.events import EventLog, read_events
from {{cookiecutter.package_name}}.monitoring.events import recorded_features as recorded

SCHEMA = Schema(
    (Feature("age", 0, 120, personal=True), Feature("size", 0, 9), Feature("mass", 0, 9)),
    ("no", "yes"),
    (3,),
)


def record(log: EventLog, count: int = 1) -> None:
    inputs = np.tile(np.asarray([[77.625, 1, 2]], dtype=np.float32), (count, 1))
    probabilities = np.tile(np.asarray([[0.25, 0.75]], dtype=np.float32), (count, 1))
    log.record("small-1", SCHEMA, inputs, ["yes"] * count, probabilities)


def test_an_event_holds_what_monitoring_needs(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    record(log)
    [event] = read_events(tmp_path)
    assert event.pop("time").endswith("Z")
    assert event == {
        "model": "small-1",
        "rows": 1,
        "labels": ["yes"],
        "confidence": [0.75],
        "features": [[1.0, 2.0]],
    }


def test_personal_features_are_nowhere_in_the_file(tmp_path: Path) -> None:
    record(EventLog(tmp_path))
    assert recorded(SCHEMA) == ["size", "mass"]
    [path] = tmp_path.glob("*.jsonl")
    assert b"77.625" not in path.read_bytes()


def test_features_of_eight_rows_are_kept_and_labels_of_all(tmp_path: Path) -> None:
    record(EventLog(tmp_path), count=20)
    [event] = read_events(tmp_path)
    assert len(event["features"]) == 8
    assert len(event["labels"]) == event["rows"] == 20


def test_files_rotate_and_the_oldest_go(tmp_path: Path) -> None:
    log = EventLog(tmp_path, size=400, files=3)
    for _ in range(50):
        record(log)
    files = list(tmp_path.glob("events-*.jsonl"))
    assert len(files) == 3
    assert all(path.stat().st_size <= 400 for path in files)
    assert len(list(read_events(tmp_path))) >= 4


def test_files_of_earlier_processes_count(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"events-x{number}.jsonl").write_text("{}\n")
    record(EventLog(tmp_path, files=3))
    assert len(list(tmp_path.glob("events-*.jsonl"))) == 3


def test_a_restart_appends(tmp_path: Path) -> None:
    for _ in range(2):
        log = EventLog(tmp_path)
        record(log)
        log.close()
    assert len(list(read_events(tmp_path))) == 2


def test_a_line_cut_off_by_a_crash_is_passed_over(tmp_path: Path) -> None:
    record(EventLog(tmp_path))
    (tmp_path / "events-1.jsonl").write_bytes(b'{"time": "2026-')
    assert len(list(read_events(tmp_path))) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_costs_events_and_no_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / f"events-{os.getpid()}.jsonl").symlink_to("/dev/full")
    log = EventLog(tmp_path)
    record(log)
    record(log)
    assert caplog.text.count("events are lost") == 1
