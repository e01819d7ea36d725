"""What only MLflow has: one database for all, names that it refuses, and a server beside it."""

import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from champion import check_that_mlflow_loads_the_champion
from matplotlib.figure import Figure
from mlflow_server import Server, mlflow_server
from served import free_port
from tracked import read, read_from

from {{cookiecutter.package_name}} import tracking
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.mirror import sync
from {{cookiecutter.package_name}}.mlflow_store import Store, local, plain, server
from {{cookiecutter.package_name}}.tracking import start_run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a new store, to be copied: MLflow takes a second to make one."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        local()
    return folder


@pytest.fixture(autouse=True)
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "my project #1 100%"
    shutil.copytree(made, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    # Set here, they are put back after the test.
    for name in ("URI", "TOKEN", "USERNAME", "PASSWORD"):
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", "")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setattr(tracking, "_unreachable", threading.Event())
    return folder


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with mlflow_server(tmp_path_factory.mktemp("server")) as started:
        yield started


def there() -> Store:
    """Return the store on the server that is set."""
    store = server()
    assert store
    return store


def copies(run: str) -> list[str]:
    """Return the ids of the copies of a local run on the server."""
    mine = f"tags.local_run = '{Path(run).name}'"
    return [copy.info.run_id for copy in there().client.search_runs([there().experiment], mine)]


def same_on_the_server(url: str) -> bool:
    """Hold the one copy of a local run against it."""
    [copy] = copies(url)
    return read_from(there(), copy) == read(url)


def track_one(number: int) -> str:
    with start_run("train", {"number": number}) as run:
        run.log({"loss": number}, step=0)
    return run.url


def killed(script: str, after: str) -> None:
    """Run a script that prints `after` when it may be killed."""
    command = [sys.executable, "-c", f"from {tracking.__name__} import start_run\n{script}"]
    # It may wait for input, which never comes.
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout
        assert process.stdout.readline().strip() == after
        process.kill()


def test_names_that_mlflow_refuses_are_spelt_out() -> None:
    names = {
        "validation_loss": "validation_loss",
        "größe/a b: c.d-e": "größe/a b: c.d-e",
        "50% ☃": "50:25: :2603:",
        "../up": ":2e::2e::2f:up",
        "/a//b/": ":2f:a:2f::2f:b:2f:",
        ".": ":2e:",
        "": "unnamed",
    }
    assert [plain(name) for name in names] == list(names.values())
    with start_run("train", dict.fromkeys(names, 1)) as run:
        run.log(dict.fromkeys(names, 0.5))
    assert set(read(run.url).params) == set(read(run.url).curves) == set(names.values())


def test_long_names_stay_different() -> None:
    names = [f"{'ü' * 300}{end}" for end in "ab"]
    with start_run("train", dict.fromkeys(names, "v" * 5000)) as run:
        run.log(dict.fromkeys(names, 1.0))
        for name in names:
            Path("note.txt").write_text(name[-1])
            run.artifact("note.txt", name)
    kept = read(run.url)
    assert [len(kept.params), len(kept.curves), len(kept.artifacts)] == [2, 2, 2]
    assert set(kept.params.values()) == {"v" * 5000}


def test_a_run_is_called_by_its_job_and_holds_nothing_that_was_not_said() -> None:
    with start_run("train", {"rate": 0.1}, ["cnn"]) as run:
        pass
    kept = local().client.get_run(Path(run.url).name)
    assert re.fullmatch("train-[0-9a-f]{8}", str(kept.info.run_name))
    assert set(kept.data.tags) == {"job", "tags", "mlflow.runName"}


def test_processes_that_make_the_store_at_once_agree() -> None:
    shutil.rmtree(".cache")
    script = f"from {tracking.__name__} import start_run\n"
    script += "with start_run('train', dict()) as run: run.log(dict(loss=1))\nprint(run.url)"
    processes = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    urls = [process.communicate()[0].strip() for process in processes]
    assert [read(url).curves["loss"] for url in urls] == [[(0, 1.0)]] * 4


def test_a_store_that_was_killed_while_it_was_made_is_made_anew(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shutil.rmtree(".cache")
    command = [sys.executable, "-c", f"from {tracking.__name__} import local; local()"]
    with subprocess.Popen(command) as process:
        while not any(path.stat().st_size for path in Path(".cache").glob("runs/.*.mlflow.db")):
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    assert not Path(".cache/runs/mlflow.db").exists()
    assert read(track_one(1)).status == "finished"
    assert not caplog.records


def test_a_killed_run_has_what_was_logged_before() -> None:
    killed(
        "with start_run('train', dict(rate=0.1)) as run:\n"
        "    for step in range(20): run.log(dict(loss=step))\n"
        "    print('logged', flush=True); input()",
        after="logged",
    )
    [run] = local().client.search_runs([local().experiment])
    kept = read(run.info.run_id)
    assert kept.curves["loss"] == [(step, float(step)) for step in range(20)]
    assert kept.status == "running"


def test_a_project_that_was_moved_keeps_its_artifacts_and_leaves_the_old_place_alone(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("card.md").write_text("# Card")
    with start_run("train", {}) as old:
        old.artifact("card.md", "card")
    moved = project.rename(project.with_name("moved"))
    monkeypatch.chdir(moved)
    with start_run("train", {}) as new:
        new.artifact("card.md", "card")
    assert read(old.url).artifacts == read(new.url).artifacts == {"card": ["card.md"]}
    assert all((moved / run.url / "artifacts/card/card.md").is_file() for run in (old, new))
    assert not project.exists()


def test_a_run_is_copied_to_the_server_while_it_goes_on(
    running: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", running.uri)
    Figure(figsize=(1, 1)).savefig("curve.png")
    params: dict[str, tracking.Scalar] = {"größe": "ü", "empty": "", "rate": 0.1}
    with start_run("train", params, ["a, b", "ä"]) as run:
        run.log({"loss": 0.5, "b": float("inf"), "n": float("nan")}, step=3)
        run.artifact("curve.png", "../größe ☃")
        assert run.url.startswith(running.uri)
        copy = run.url.rpartition("/")[2]
        assert read_from(there(), copy).status == "running"
        assert read_from(there(), copy).curves["loss"] == [(3, 0.5)]
    [kept] = local().client.search_runs([local().experiment])
    ours, theirs = read(kept.info.run_id), read_from(there(), copy)
    # No two points that are no number are equal.
    assert (ours.curves.pop("n")[0][0], theirs.curves.pop("n")[0][0]) == (3, 3)
    assert ours == theirs
    assert theirs.artifacts == {"../größe ☃": ["curve.png"]}
    assert sync() == []
    assert capfd.readouterr() == ("", "")
    # As the page fetches it to show it.
    picture = {"run_uuid": copy, "path": f"{plain('../größe ☃', flat=True)}/curve.png"}
    address = f"{running.uri}/get-artifact?{urllib.parse.urlencode(picture)}"
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310
        assert answer.read() == Path("curve.png").read_bytes()


def test_a_server_that_cannot_be_reached_costs_one_warning_and_no_run(
    running: Server, caplog: pytest.LogCaptureFixture
) -> None:
    Path("card.md").write_text("# Card")
    Path(".env").write_text(f"MLFLOW_TRACKING_URI=http://127.0.0.1:{free_port()}\n")
    urls = [track_one(1)]
    with start_run("tune", {"a": 1}, ["x"]) as run:
        run.log({"loss": 0.5}, step=0)
        run.artifact("card.md", "card")
    urls.append(run.url)
    [warning] = caplog.records
    assert "`make tracking-sync` sends them" in warning.getMessage()
    with pytest.raises(UserError, match="Connection refused"):
        sync()
    Path(".env").write_text(f"MLFLOW_TRACKING_URI={running.uri}\n")
    assert [name.partition("-")[0] for name in sync()] == ["train", "tune"]
    assert all(same_on_the_server(url) for url in urls)
    assert sync() == []


def test_a_server_that_falls_silent_midway_gets_the_rest_later_and_nothing_twice(
    running: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", running.uri)
    with start_run("train", {"a": 1}) as run:
        run.log({"loss": 1.0}, step=0)
        with running.silent():
            for step in range(1, 2500):
                run.log({"loss": 1 / step}, step=step)
            assert not run.url.startswith("http")
    assert len(caplog.records) == 1
    assert len(read(run.url).curves["loss"]) == 2500
    assert len(sync()) == 1
    assert same_on_the_server(run.url)
    # As if it had not been noted here: to send it all again changes nothing there.
    local().client.delete_tag(Path(run.url).name, "sent")
    assert len(sync()) == 1
    assert same_on_the_server(run.url)


def test_a_killed_run_is_sent_as_killed_and_one_that_goes_on_is_left_alone(
    running: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = "run.log(dict(loss=1)); print('logged', flush=True); input()"
    killed(f"with start_run('train', dict()) as run: {logs}", after="logged")
    with start_run("train", {}) as going_on:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", running.uri)
        assert len(sync()) == 1
        assert sync() == []
        assert copies(going_on.url) == []
    [dead] = local().client.search_runs([local().experiment], "attributes.status = 'KILLED'")
    assert same_on_the_server(dead.info.run_id)
    assert len(sync()) == 1


def test_with_a_server_models_are_registered_there(
    running: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", running.uri)
    check_that_mlflow_loads_the_champion(running.uri)
    assert not list(Path(".cache/runs").rglob("model.onnx"))


def test_without_a_server_there_is_nothing_to_sync() -> None:
    with pytest.raises(UserError, match="MLFLOW_TRACKING_URI"):
        sync()


def test_the_token_of_the_environment_file_goes_with_each_request() -> None:
    class Noting(BaseHTTPRequestHandler):
        seen: list[str | None] = []  # noqa: RUF012

        def do_GET(self) -> None:
            self.seen.append(self.headers["Authorization"])
            self.send_error(403)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Noting) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        uri = f"http://127.0.0.1:{listener.server_port}"
        Path(".env").write_text(f"MLFLOW_TRACKING_URI={uri}\nMLFLOW_TRACKING_TOKEN=open sesame\n")
        assert read(track_one(1)).status == "finished"
        listener.shutdown()
    assert set(Noting.seen) == {"Bearer open sesame"}


def test_a_password_in_the_address_is_never_printed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://ann:s3cret@127.0.0.1:{free_port()}")
    with start_run("train", {}) as run:
        run.log({"loss": 0.5})
    assert "the server failed" in caplog.text
    assert "s3cret" not in caplog.text + run.url


def test_a_point_that_could_not_be_written_is_written_with_the_next() -> None:
    with start_run("train", {}) as run:
        run.log({"loss": 0.5}, step=0)
        with closing(sqlite3.connect(".cache/runs/mlflow.db", isolation_level=None)) as other:
            other.execute("ALTER TABLE metrics RENAME TO away")
            run.log({"loss": 0.25}, step=1)
            other.execute("ALTER TABLE away RENAME TO metrics")
        run.log({"loss": 0.125}, step=2)
    assert read(run.url).curves["loss"] == [(0, 0.5), (1, 0.25), (2, 0.125)]
