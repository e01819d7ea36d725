"""What only W&B has: files of its own kind, pictures as media, and a server that may be away."""

import json
import socket
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from tracked import read, records

from {{cookiecutter.package_name}}.tracking import start_run


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


def test_a_run_is_called_by_its_job_and_id() -> None:
    with start_run("train", {}) as run:
        run.log({"loss": 0.5})
    opened = records(run.url)["run"][0]
    assert opened.display_name == f"train-{opened.run_id}"


def test_a_picture_is_shown_as_well_as_kept() -> None:
    Figure(figsize=(1, 1)).savefig("curve.png")
    with start_run("train", {}) as run:
        run.log({"loss": 0.5}, step=3)
        run.artifact("curve.png", "curve")
    items = [item for row in records(run.url)["history"] for item in row.item]
    nested = {tuple(item.nested_key): json.loads(item.value_json) for item in items}
    shown = {names[1]: value for names, value in nested.items() if names[0] == "curve"}
    assert shown["_type"] == "image-file"
    assert (Path(run.url) / "files" / shown["path"]).read_bytes() == Path("curve.png").read_bytes()
    assert read(run.url).artifacts == {"curve": ["curve.png"]}


def test_nothing_is_captured_that_the_step_did_not_say() -> None:
    with start_run("train", {}) as run:
        print("private")
    kept = records(run.url)
    assert not {"output", "output_raw", "stats", "files"} & set(kept)
    assert not kept["run"][0].git.remote_url
    assert not list(Path(run.url).glob("files/*"))
    assert not Path("home").exists()


def test_a_server_that_cannot_be_reached_leaves_the_run_on_disk(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    Path(".env").write_text(f"WANDB_API_KEY={'a' * 40}\nWANDB_BASE_URL=http://127.0.0.1:{port}\n")
    with start_run("train", {}) as run:
        run.log({"loss": 0.5}, step=0)
    assert "could not reach the server of W&B" in caplog.text
    assert "make tracking-sync" in caplog.text
    assert read(run.url).curves["loss"] == [(0, 0.5)]
