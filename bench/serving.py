"""CPU time of a request on each route of the service, beside FastAPI doing the same work.

    python bench/serving.py PROJECT [--rounds 7]

PROJECT is a rendered project after `make setup`; its model is used, or a small one if it has none.
The reference is FastAPI + orjson + uvloop + ONNX Runtime with the project's own validation,
metrics and event log, so what differs is the server alone. Servers take turns in slices of a
second; a figure is the median of CPU microseconds per request of the whole process, a ratio the
median of paired slices. Throughput on shared cores says little, so it is not shown. Needs wrk.
"""

import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

Server = tuple["subprocess.Popen[bytes]", int]
TICKS = os.sysconf("SC_CLK_TCK")
REFERENCE = """
import sys
from fastapi import FastAPI, Request, Response
import uvicorn
from PACKAGE import protocol
from PACKAGE.inference import inference

app = FastAPI()


@app.post("/v1/infer")
async def infer(request: Request) -> Response:
    media = protocol.media_type(request.headers.get("content-type", ""))
    reply = inference().answer("/v1/infer", media, await request.body())
    headers = {"x-model-id": reply.model, "x-content-type-options": "nosniff"}
    return Response(reply.body, reply.status, headers, reply.media)


@app.get("/readyz")
async def ready() -> Response:
    inference()
    return Response()


uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning", loop="uvloop")
"""
PAYLOADS = """
import json, sys
from pathlib import Path
from small_model import rows, write_model

folder = Path(sys.argv[1])
if not Path("models/model.json").exists():
    write_model(folder / "models")
for count in (1, 32):
    values = rows(count).round(2)
    (folder / f"json{count}").write_text(json.dumps({"inputs": values.tolist()}))
    (folder / f"raw{count}").write_bytes(values.astype("<f4").tobytes())
"""


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        measure(options.project.resolve(), Path(folder), options.rounds)


def measure(project: Path, folder: Path, rounds: int) -> None:
    """Start both servers on one model, and compare them."""
    package = next(p.parent.name for p in (project / "src").glob("*/service.py"))
    python = project / ".venv/bin/python"
    script = folder / "payloads.py"
    script.write_text(PAYLOADS)
    environment = {**os.environ, "PYTHONPATH": str(project / "tests"), "EVENTS_FOLDER": str(folder)}
    subprocess.run([python, script, folder], cwd=project, env=environment, check=True)
    if (folder / "models").exists():
        environment["MODELS"] = str(folder / "models")
    reference = folder / "reference.py"
    reference.write_text(REFERENCE.replace("PACKAGE", package))
    commands = {
        "FastAPI": ["uv", "run", "--no-sync", "--with", "fastapi", "python", str(reference)],
        "BentoML": [str(python), "-m", f"{package}.service", "--port"],
    }
    servers = {name: start(command, project, environment) for name, command in commands.items()}
    try:
        table(servers, folder, rounds)
    finally:
        for process, _ in servers.values():
            process.terminate()
            process.wait(30)


def start(command: list[str], cwd: Path, environment: dict[str, str]) -> Server:
    """Start a server on a free port, and wait until it is ready."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    process = subprocess.Popen([*command, str(port)], cwd=cwd, env=environment)
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz").close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{command[0]} did not start")
            time.sleep(0.1)
        else:
            return process, port


def table(servers: dict[str, Server], folder: Path, rounds: int) -> None:
    """Measure every payload on every route, in turns, and print the figures."""
    routes = {
        "FastAPI /v1/infer": ("FastAPI", "/v1/infer"),
        "BentoML /v1/infer": ("BentoML", "/v1/infer"),
        "BentoML /predict": ("BentoML", "/predict"),
    }
    print("| payload | route | CPU µs a request | ratio |\n|---|---|---|---|")
    for payload in ("json1", "json32", "raw1", "raw32"):
        chosen = {
            n: r for n, r in routes.items() if payload.startswith("json") or r[1] != "/predict"
        }
        slices: dict[str, list[float]] = {name: [] for name in chosen}
        for _ in range(rounds + 1):  # the first is for warming up
            for name, (server, path) in chosen.items():
                slices[name].append(slice_(*servers[server], path, folder / payload))
        base = slices["FastAPI /v1/infer"][1:]
        for name, values in slices.items():
            ratio = statistics.median(v / b for v, b in zip(values[1:], base, strict=True))
            print(f"| {payload} | {name} | {statistics.median(values[1:]):.0f} | {ratio:.2f} |")


def slice_(process: "subprocess.Popen[bytes]", port: int, path: str, payload: Path) -> float:
    """Give the CPU microseconds of a request, over one second of them."""
    media = "application/json" if payload.name.startswith("json") else "application/octet-stream"
    script = payload.with_suffix(".lua")
    script.write_text(
        f'local f = io.open({json.dumps(str(payload))}, "rb")\n'
        f'wrk.method, wrk.body = "POST", f:read("*a")\nwrk.headers["Content-Type"] = "{media}"\n'
    )
    before = cpu(process.pid)
    command = ["wrk", "-t1", "-c4", "-d1s", "-s", str(script), f"http://127.0.0.1:{port}{path}"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    spent = cpu(process.pid) - before
    if "Non-2xx" in output:
        sys.exit(output)
    requests = sum(int(count) for count in re.findall(r"(\d+) requests in", output))
    return spent / requests * 1e6


def cpu(pid: int) -> float:
    """Give the CPU seconds of a process and its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = [
        c for t in Path(f"/proc/{pid}/task").iterdir() for c in (t / "children").read_text().split()
    ]
    return (int(fields[11]) + int(fields[12])) / TICKS + sum(cpu(int(child)) for child in children)


if __name__ == "__main__":
    main()
