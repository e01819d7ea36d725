"""What only Neptune does: its files, its silence, and a server that is not there."""

import base64
import json
import os
import platform
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest
from neptune.cli.sync import SyncRunner
from neptune.internal.backends.neptune_backend_mock import NeptuneBackendMock
from neptune.internal.container_type import ContainerType

from {{cookiecutter.package_name}} import tracking
from {{cookiecutter.package_name}}.migration.runs import KeptRun, Point, kept_runs, read
from {{cookiecutter.package_name}}.tracking import start_run

FOLDER = Path(".cache/runs/.neptune")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in [name for name in os.environ if name.startswith("NEPTUNE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(tracking, "_unreachable", Event())
    return tmp_path


@pytest.fixture
def stranger() -> Iterator[int]:
    """Give the port of a server that is none of Neptune's: it answers everything with {}."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def token(port: int) -> str:
    address = f"http://127.0.0.1:{port}"
    return base64.b64encode(json.dumps({"api_address": address}).encode()).decode()


def said(folder: str) -> list[dict[str, object]]:
    lines = (Path(folder) / "data-1.log").read_text().splitlines()
    return [json.loads(line)["obj"] for line in lines]


def values(run: KeptRun, name: str) -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in run.curves[name]]


def test_nothing_is_captured_that_the_step_did_not_say() -> None:
    subprocess.run(["git", "init", "--quiet"], check=True)
    with start_run("train", {"rate": 0.1}) as run:
        print("private")
    paths = {"/".join(map(str, operation["path"])) for operation in said(run.url)}  # type: ignore[call-overload]
    own = {"sys/name", "sys/description", "sys/failed", "status", "params/rate"}
    # The name of the script that runs, without its folder, cannot be turned off.
    assert paths <= own | {"source_code/entrypoint", "source_code/files"}
    globs = [operation["file_globs"] for operation in said(run.url) if "file_globs" in operation]
    assert globs == [[]]
    written = "".join(path.read_text() for path in Path(run.url).glob("*.*"))
    assert platform.node() not in written
    assert not Path("home").exists()


def test_an_offline_run_asks_no_server_and_warns_of_nothing() -> None:
    script = """
import sys
asking = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
sys.addaudithook(lambda name, _: name in asking and sys.exit(f"asked: {name}"))
from {{cookiecutter.package_name}}.tracking import start_run
with start_run("train", {}) as run:
    run.log(dict(loss=0.5), step=0)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)
    [run] = kept_runs()
    assert values(run, "loss") == [(0, 0.5)]


@pytest.mark.parametrize("server", ["closed", "silent", "stranger"])
def test_a_server_that_is_not_there_leaves_the_run_on_disk(
    server: str, stranger: int, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = stranger if server == "stranger" else silent.getsockname()[1]
        if server == "closed":
            silent.close()
        Path(".env").write_text(f"NEPTUNE_API_TOKEN={token(port)}\nNEPTUNE_PROJECT=team/digits\n")
        for _ in range(2):
            with start_run("train", {}) as run:
                run.log({"loss": 0.5}, step=0)
    [warning] = [record.getMessage() for record in caplog.records]
    assert "could not reach Neptune's server (`make tracking-sync` sends the run later)" in warning
    assert [values(run, "loss") for run in kept_runs()] == [[(0, 0.5)]] * 2


def test_a_token_that_is_none_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NEPTUNE_API_TOKEN", "abc")
    with start_run("train", {}) as run:
        pass
    assert caplog.messages[0].endswith("The provided API token is invalid.")
    assert Path(run.url).is_dir()


def test_neptune_sends_what_is_kept_and_then_removes_it() -> None:
    Path("card.md").write_text("# Card")
    with start_run("train", {"rate": 0.1}, ["b", "a"]) as run:
        run.log({"loss": 0.5}, step=3)
        run.artifact("card.md", "card")
    server = NeptuneBackendMock()  # type: ignore[no-untyped-call]
    SyncRunner.sync_all_offline(backend=server, base_path=FOLDER, project_name="team/digits")
    [(key, kind)] = [found for found in server._containers if found[1] is ContainerType.RUN]
    assert server.get_float_attribute(key, kind, ["params", "rate"]).value == 0.1
    assert server.get_float_series_attribute(key, kind, ["metrics", "loss"]).last == 0.5
    assert server.get_string_set_attribute(key, kind, ["sys", "tags"]).values == {"a", "b"}
    assert server.get_file_attribute(key, kind, ["artifacts", "card", "card.md"]).ext == "md"
    assert kept_runs() == []


def test_make_tracking_sync_finds_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with start_run("train", {}):
        pass
    monkeypatch.setenv("NEPTUNE_API_TOKEN", "abc")
    script = "from neptune.cli.commands import sync; sync()"
    command = [sys.executable, "-c", script, "--path", ".cache/runs"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    # It looked for the folder before it looked at the token.
    assert "The provided API token is invalid." in result.stderr


def test_an_artifact_is_kept_as_it_was_when_it_was_handed_over() -> None:
    Path("folder/below").mkdir(parents=True)
    Path("folder/below/größe 50%.png").write_bytes(b"before")
    with start_run("train", {}) as run:
        run.artifact("folder", "a/b")
        Path("folder/below/größe 50%.png").write_bytes(b"after")
    [file] = read(run.url).artifacts["a/b"].values()
    assert list(read(run.url).artifacts["a/b"]) == ["below/größe 50%.png"]
    assert file.read_bytes() == b"before"
    # By this Neptune knows a picture, and shows it.
    assert [operation["ext"] for operation in said(run.url) if "ext" in operation] == ["png"]


def test_a_curve_may_have_the_name_of_a_group_of_others() -> None:
    names = ["loss", "loss/total", "loss//total", "/loss", "", "%", "loss%2Ftotal", "../loss"]
    with start_run("train", dict.fromkeys(names, 1)) as run:
        run.log(dict.fromkeys(names, 1.0), step=0)
    assert list(read(run.url).curves) == names
    assert list(read(run.url).params) == names


def test_what_neptune_would_skip_is_kept_as_text() -> None:
    with start_run("train", {"seed": 2**40, "rate": float("inf")}) as run:
        pass
    assert read(run.url).params == {"seed": str(2**40), "rate": "inf"}


def test_a_killed_run_has_what_was_logged_before() -> None:
    script = """
import os, signal
from {{cookiecutter.package_name}}.tracking import start_run
with start_run("train", dict(rate=0.1)) as run:
    for step in range(3):
        run.log(dict(loss=1.0 - step), step=step)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    result = subprocess.run([sys.executable, "-c", script], check=False)
    assert result.returncode == -signal.SIGKILL
    [run] = kept_runs()
    assert (run.status, run.params) == ("running", {"rate": 0.1})
    assert values(run, "loss") == [(0, 1.0), (1, 0.0), (2, -1.0)]


def test_a_line_that_was_half_written_is_where_a_run_ends() -> None:
    with start_run("train", {}) as run:
        run.log({"loss": 0.5}, step=0)
    path = Path(run.url) / "data-1.log"
    path.write_bytes(path.read_bytes()[:-20])
    (Path(run.url) / "metadata.json").write_text("")
    assert read(run.url).status == "running"
    assert values(read(run.url), "loss") == [(0, 0.5)]


def test_points_have_the_time_at_which_they_were_logged() -> None:
    with start_run("train", {}) as run:
        run.log({"loss": 0.5}, step=0)
        run.log({"loss": float("nan")}, step=1)
    kept = read(run.url)
    first, second = kept.curves["loss"]
    assert isinstance(first, Point)
    assert kept.started <= first.at <= second.at <= kept.ended
