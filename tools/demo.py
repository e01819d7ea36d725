"""Render the default project, run its pipeline, start its service and send it a held-out digit.

Shows what the template gives, in one command and without an account, and is a smoke test: any
failure prints the end of the log and exits with 1. The project stays in `.demo/` to look around.

On a closed network set `WHEELS` (or pip's `PIP_FIND_LINKS`) to a folder that holds torch's CPU
wheel; everything else comes from the package index that uv is configured with.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from wheel_index import write_index

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / ".demo"
LOG = DEMO / "demo.log"
SECONDS_UNTIL_READY = 60
# One picture a row: channels, lines, pixels.
Rows = list[list[list[list[float]]]]
# Prints the first held-out row and its label; it runs with the project's own libraries.
HELD_OUT = """
import json, pandas
from {package}.data.schema import SCHEMA
from {package}.features import to_tensor
row = pandas.read_parquet("data/prepared/test.parquet").head(1)
print(json.dumps([to_tensor(row, SCHEMA).tolist(), row[SCHEMA.target].item()]))
"""


@contextmanager
def phase(text: str) -> Iterator[None]:
    """Say what is going on, and how long it took."""
    print(f"{text:<52}", end="", flush=True)
    start = time.monotonic()
    yield
    print(f"{time.monotonic() - start:6.1f} s", flush=True)


def run(*command: str, folder: Path) -> None:
    """Run a command and keep what it prints in the log; a failure ends the demo."""
    with LOG.open("a") as log:
        result = subprocess.run(
            command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, check=False
        )
    if result.returncode:
        fail(f"`{' '.join(command)}` failed with {result.returncode}")


def fail(reason: str) -> NoReturn:
    """Print the reason and the end of the log, and leave with 1."""
    tail = LOG.read_text(errors="replace").splitlines()[-30:] if LOG.exists() else []
    print("\n\n" + "\n".join(tail))
    sys.exit(f"\nThe demo stopped: {reason}. The whole log: {LOG.relative_to(ROOT)}")


def render() -> Path:
    """Render the files that git tracks or would track, so that no cache is shipped."""
    shutil.rmtree(DEMO, ignore_errors=True)
    template = DEMO / "template"
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listing.stdout.split("\0")):
        if (ROOT / name).is_file():
            (template / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, template / name)
    engine = (sys.executable, "-m", "cookiecutter", "--no-input", "--output-dir", str(DEMO))
    run(*engine, str(template), folder=DEMO)
    shutil.rmtree(template)
    (project,) = (path for path in DEMO.iterdir() if path.is_dir())
    return project


def closed_network() -> dict[str, str]:
    """Return the setting that makes uv take torch from a folder of wheels, where there is one."""
    folder = os.environ.get("WHEELS") or os.environ.get("PIP_FIND_LINKS") or ""
    if "UV_INDEX" in os.environ or not list(Path(folder).glob("torch-*.whl")):
        return {}
    return {"UV_INDEX": write_index(DEMO / "wheels", Path(folder))}


@contextmanager
def service(project: Path) -> Iterator[int]:
    """Run `make serve` on a free port, wait until it is ready, give the port, and end it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with LOG.open("a") as log:
        process = subprocess.Popen(
            ["make", "serve", f"PORT={port}"],
            cwd=project,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until_ready(port, process)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    """Ask `/readyz` until it answers, the service dies, or patience ends."""
    end = time.monotonic() + SECONDS_UNTIL_READY
    while time.monotonic() < end:
        if process.poll() is not None:
            fail("the service ended at its start")
        with suppress(OSError):
            if ask(port, "GET", "/readyz")[0] == 200:
                return
        time.sleep(0.1)
    fail(f"the service was not ready after {SECONDS_UNTIL_READY} s")


def ask(port: int, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    """Send one request to the service; return status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def held_out_digit(project: Path, package: str) -> tuple[Rows, str]:
    """Return one row that no training has seen, as the service takes it, and its true label."""
    code = HELD_OUT.format(package=package)
    result = subprocess.run(
        ["uv", "run", "--no-sync", "python", "-c", code],
        cwd=project, capture_output=True, text=True, check=True,
    )  # fmt: skip
    inputs, label = json.loads(result.stdout)
    return inputs, label


def predict(port: int, inputs: Rows) -> dict[str, Any]:
    """Post rows to the service."""
    status, body = ask(port, "POST", "/predict", json.dumps({"inputs": inputs}))
    if status != 200:
        fail(f"the service answered {status}: {body.decode(errors='replace')}")
    answer: dict[str, Any] = json.loads(body)
    return answer


def picture(image: list[list[float]]) -> str:
    """Draw a grey image of 0 to 16 with characters."""
    return "\n".join("    " + "".join(" .:-=+*#@"[int(v) // 2] * 2 for v in row) for row in image)


def main() -> None:
    """Run the demo."""
    start = time.monotonic()
    DEMO.mkdir(exist_ok=True)
    print("The default project, from nothing to a prediction (about 2 GB of disk):\n")
    with phase("rendering the template"):
        project = render()
    package = project.name.replace("-", "_")
    os.environ.update(closed_network())
    with phase("making a repository and installing (first: a download)"):
        run("git", "init", "--quiet", "--initial-branch=main", folder=project)
        run("make", "setup", folder=project)
    with phase("ingest, validate, prepare, train, select, test"):
        run("make", "pipeline", folder=project)
    with phase("starting the service and sending a held-out digit"), service(project) as port:
        inputs, truth = held_out_digit(project, package)
        answer = predict(port, inputs)
    metrics = json.loads((project / "reports/metrics.json").read_text())
    label, probability = answer["labels"][0], max(answer["probabilities"][0])
    print(f"\n{picture(inputs[0][0])}\n")
    print(f"  truth      {truth}")
    print(f"  predicted  {label}  (probability {probability:.3f}, model {answer['model_id']})")
    print(f"  test split accuracy {metrics['accuracy']:.4f}", end="")
    print(f", linear baseline {metrics['baseline_accuracy']:.4f}")
    print(f"\nDone in {time.monotonic() - start:.0f} s. Go on in the project:")
    print(f"  cd {project.relative_to(ROOT)}")
    print("  make serve      # draw a digit yourself at the address that it prints")
    print("  make help       # everything else")
    if label != truth:
        sys.exit("The prediction is wrong: not a good demo.")


if __name__ == "__main__":
    main()
