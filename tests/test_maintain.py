"""`make doctor`, `audit` and `relock` in a rendered project."""

import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lanes.project import Project

ID = "GHSA-test-test-test"


class Osv(BaseHTTPRequestHandler):
    """A database by OSV's protocol that knows one vulnerability, of numpy."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        names = [query["package"]["name"] for query in body["queries"]]
        found = [{"vulns": [{"id": ID}]} if name == "numpy" else {} for name in names]
        self._answer({"results": found})

    def do_GET(self) -> None:
        ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]
        package = {"ecosystem": "PyPI", "name": "numpy"}
        entry = {"id": ID, "modified": "2026-01-01T00:00:00Z", "summary": "A hole made for a test"}
        self._answer(entry | {"affected": [{"package": package, "ranges": ranges}]})

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, data: object) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(data).encode())


@pytest.fixture
def database() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Osv)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_the_doctor_names_what_a_fresh_project_lacks_and_each_cure(
    render: Callable[..., Path], uv_environment: dict[str, str], tmp_path: Path
) -> None:
    project = Project(tmp_path / "project", uv_environment)
    shutil.copytree(render(), project.folder)
    found = project("make", "doctor", GIT_CEILING_DIRECTORIES=str(tmp_path))
    assert found.failed
    assert "missing  a git repository: git init" in found.output
    assert "missing  the lock file uv.lock: make setup" in found.output
    assert "missing  an evaluated model: make pipeline" in found.output


@pytest.mark.slow
@pytest.mark.xdist_group("finished")
def test_the_doctor_finds_nothing_to_cure_in_a_finished_project(finished: Project) -> None:
    said = finished.must("make", "doctor")
    assert "missing" not in said
    assert "optional a remote for data and models: see docs/data-versioning.md" in said


@pytest.mark.slow
@pytest.mark.xdist_group("finished")
def test_the_audit_names_a_known_vulnerability(finished: Project, database: str) -> None:
    result = finished("make", "audit", f"AUDIT_FLAGS=--service-url {database}")
    assert result.failed
    assert ID in result.output
    assert "numpy" in result.output


@pytest.mark.slow
@pytest.mark.xdist_group("finished")
def test_the_audit_says_that_it_got_no_answer(finished: Project) -> None:
    nobody = "AUDIT_FLAGS=--service-url http://127.0.0.1:9"
    assert "Not audited" in finished.must("make", "audit", nobody, UV_HTTP_RETRIES="0")


@pytest.mark.slow
@pytest.mark.xdist_group("finished")
def test_relocking_moves_the_date_and_the_releases(finished: Project, tmp_path: Path) -> None:
    clone = finished.clone(tmp_path / "clone")
    project, lock = clone.folder / "pyproject.toml", clone.folder / "uv.lock"
    text = project.read_text(encoding="utf-8")
    aged = re.sub(r'^exclude-newer = ".*"$', _date("2026-06-01"), text, flags=re.MULTILINE)
    project.write_text(aged, encoding="utf-8")
    lock.unlink()
    clone.must("uv", "lock")
    old = lock.read_text(encoding="utf-8")
    clone.must("make", "relock")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert project.read_text(encoding="utf-8") == aged.replace(_date("2026-06-01"), _date(today))
    new = lock.read_text(encoding="utf-8")
    assert new != old
    assert f'exclude-newer = "{today}' in new


def _date(day: str) -> str:
    return f'exclude-newer = "{day}T00:00:00Z"'
