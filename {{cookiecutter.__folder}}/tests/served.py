"""The service as people start it, for tests that talk to it; the one place that knows how."""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass
class Served:
    """A running service. Stopping it is up to `serve`, or to a test of stopping."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")


@contextmanager
def serve(models: Path, folder: Path, page: str = "off", **settings: str) -> Iterator[Served]:
    """Run `make serve` on the model in `models`; its log and its events go to `folder`."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    make = shutil.which("make")
    assert make, "make is missing"
    environment = {
        **os.environ,
        "MODELS": str(models),
        "EVENTS_FOLDER": str(folder / "events"),
        **settings,
    }
    log = folder / "service.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [make, "serve", f"PORT={port}", f"PAGE={page}"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    served = Served(port, process, log)
    try:
        _wait_until_ready(served)
        yield served
    finally:
        if process.poll() is None:
            served.stop()
        process.wait(30)


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_ready(served: Served) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert served.process.poll() is None, served.output()
        try:
            urllib.request.urlopen(f"{served.url}/readyz", timeout=5).close()  # noqa: S310
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the service did not start:\n{served.output()}")
