"""What W&B keeps of a run, read back from the file with its public record classes only."""

import json
import os
import socket
import struct
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from {{cookiecutter.package_name}}.tracking import start_run

BLOCK, HEADER = 32768, 7
WHOLE, LAST = 1, 4
# Its module picks one of several generated ones when it runs, so its types are not known before.
RECORD = import_module("wandb.proto.wandb_internal_pb2").Record


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    return tmp_path


def records(folder: str) -> dict[str, list[Any]]:
    """Return the records of a closed run; W&B's own process may write the last one later."""
    for _ in range(200):
        if "exit" in (found := records_so_far(folder)):
            return found
        time.sleep(0.05)
    raise AssertionError(f"{folder} was not closed, it holds {list(found)}")


def records_so_far(folder: str) -> dict[str, list[Any]]:
    [path] = Path(folder).glob("*.wandb")
    found: dict[str, list[Any]] = {}
    for data in payloads(path.read_bytes()):
        record = RECORD.FromString(data)
        kind = str(record.WhichOneof("record_type"))
        found.setdefault(kind, []).append(getattr(record, kind))
    return found


def payloads(content: bytes) -> Iterator[bytes]:
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


def history(kept: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [
        {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in row.item}
        for row in kept["history"]
    ]


def test_an_offline_run_holds_all_that_was_said() -> None:
    Path("card.md").write_text("# Card")
    with start_run("train", {"network": "cnn", "rate": 0.1, "fast": True}, ["größe"]) as run:
        run.log({"loss": 0.5, "größe ☃": 1.0}, step=0)
        run.log({"loss": 0.25}, step=1)
        run.artifact("card.md", "card")
    kept = records(run.url)
    [opened] = kept["run"]
    config = {item.key: json.loads(item.value_json) for item in opened.config.update}
    assert (config["network"], config["rate"], config["fast"]) == ("cnn", 0.1, True)
    assert (opened.job_type, list(opened.tags)) == ("train", ["größe"])
    assert opened.display_name == f"train-{opened.run_id}"
    rows = history(kept)
    assert [(row["_step"], row["loss"]) for row in rows] == [(0, 0.5), (1, 0.25)]
    assert rows[0]["größe ☃"] == 1.0
    [artifact] = kept["artifact"]
    assert [entry.path for entry in artifact.manifest.contents] == ["card.md"]
    assert kept["exit"][0].exit_code == 0


def test_a_crash_marks_the_run_failed() -> None:
    with pytest.raises(ZeroDivisionError), start_run("train", {}) as run:
        raise ZeroDivisionError
    assert records(run.url)["exit"][0].exit_code == 1


def test_nothing_is_captured_that_the_step_did_not_say() -> None:
    with start_run("train", {}) as run:
        print("private")
    kept = records(run.url)
    assert not {"output", "output_raw", "stats", "files"} & set(kept)
    assert not kept["run"][0].git.remote_url
    assert not list(Path(run.url).glob("files/*"))
    assert not Path("home").exists()


def test_a_server_that_cannot_be_reached_leaves_the_run_on_disk(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    Path(".env").write_text(f"WANDB_API_KEY={'a' * 40}\nWANDB_BASE_URL=http://127.0.0.1:{port}\n")
    with start_run("train", {}) as run:
        run.log({"loss": 0.5}, step=0)
    assert "could not reach the server of W&B" in caplog.text
    assert history(records(run.url))[0]["loss"] == 0.5
