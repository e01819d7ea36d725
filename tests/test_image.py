"""The service's image: built by buildah from the rendered Dockerfile, run, and asked."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest

from engines import run
from lanes import containers
from lanes.act import tool
from lanes.containers import Containers
from lanes.project import Project

pytestmark = pytest.mark.xdist_group("finished")
needs_buildah = pytest.mark.skipif(bool(containers.missing()), reason=containers.missing())

ANSWER = """\
import json
import pandas as pd
from digit_classifier.data.schema import SCHEMA
from digit_classifier.features import to_tensor
from digit_classifier.predictor import Predictor

rows = to_tensor(pd.read_parquet("data/prepared/test.parquet").head(3), SCHEMA)
predictor = Predictor()
probabilities = predictor.probabilities(predictor.validate(rows))
print(json.dumps({
    "inputs": rows.tolist(),
    "answer": {
        "model_id": predictor.id,
        "labels": predictor.labels(probabilities),
        "probabilities": probabilities.tolist(),
    },
}))
"""


@dataclass(frozen=True)
class Image:
    """The image that `make image` built, and a container made from it."""

    store: Containers
    name: str
    container: str

    def run(self, *command: str) -> str:
        """Run a command in the container."""
        return self.store("run", self.container, "--", *command)

    def configuration(self) -> dict[str, object]:
        inspected = json.loads(self.store("inspect", "--type", "image", self.name))
        found: dict[str, object] = inspected["Docker"]["config"]
        return found


@pytest.fixture(scope="module")
def image(finished: Project) -> Iterator[Image]:
    store = containers.prepare()
    began = time.monotonic()
    built = finished("make", "image", "ENGINE=buildah", timeout=900, **store.environment)
    assert not built.failed, built.output[-3000:]
    print(f"make image: {time.monotonic() - began:.0f} s")
    model = json.loads((finished.folder / "models/model.json").read_text(encoding="utf-8"))
    name = f"localhost/digit-classifier:{model['id']}"
    container = store("from", name)
    yield Image(store, name, container)
    store("rm", container)


@pytest.fixture(scope="module")
def service(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the image's own command, on a free port of loopback; its address."""
    command, port = image.configuration()["Cmd"], _free_port()
    assert isinstance(command, list)
    here = {"0.0.0.0": "127.0.0.1", "3000": str(port)}  # noqa: S104
    moved = [here.get(part, str(part)) for part in command]
    log = tmp_path_factory.mktemp("service") / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            ["buildah", "run", image.container, "--", *moved],
            env=os.environ | image.store.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/readyz", server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def test_the_dockerfile_has_no_finding(render: Callable[..., Path]) -> None:
    result = run(tool("hadolint"), "Dockerfile", cwd=render())
    assert not result.failed, result.output


@pytest.mark.slow
@needs_buildah
@pytest.mark.evidence(
    "serving", "bentoml", "real tool executed", "image built by buildah and asked"
)
def test_a_container_answers_as_the_predictor_does(finished: Project, service: str) -> None:
    printed = finished.must("uv", "run", "--no-sync", "python", "-c", ANSWER)
    expected = json.loads(printed.splitlines()[-1])
    got = _post(f"{service}/predict", {"inputs": expected["inputs"]})
    assert got["model_id"] == expected["answer"]["model_id"]
    assert got["labels"] == expected["answer"]["labels"]
    for row, wanted in zip(got["probabilities"], expected["answer"]["probabilities"], strict=True):
        assert row == pytest.approx(wanted, abs=1e-5)


@pytest.mark.slow
@needs_buildah
def test_the_page_is_off_in_the_image(service: str) -> None:
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(f"{service}/", timeout=10)
    assert refused.value.code == 404


@pytest.mark.slow
@needs_buildah
def test_the_health_check_of_the_image_passes_while_it_serves(image: Image, service: str) -> None:
    health = image.configuration()["Healthcheck"]
    assert isinstance(health, dict)
    kind, *command = health["Test"]
    assert kind == "CMD"
    image.run(*[part.replace("3000", service.rpartition(":")[2]) for part in command])


@pytest.mark.slow
@needs_buildah
def test_only_what_serves_is_in_the_image(image: Image) -> None:
    absent = ["torch", "sklearn", "pandas", "great_expectations", "dvc", "wandb", "pytest", "onnx"]
    look = f"import importlib.util as u; print([n for n in {absent} if u.find_spec(n)])"
    assert image.run("python", "-c", look) == "[]"
    assert image.run("ls", "/app", "/app/models").split() == [
        *["/app:", "logs", "models"],
        *["/app/models:", "MODEL_CARD.md", "model.json", "model.onnx"],
    ]


@pytest.mark.slow
@needs_buildah
def test_the_service_runs_as_nobody_in_particular(image: Image) -> None:
    assert image.run("id", "-u") == image.configuration()["User"] == "10001"
    assert image.run("sh", "-c", "touch /app/models/x 2>/dev/null || echo refused") == "refused"


@pytest.mark.slow
@needs_buildah
def test_the_image_is_small(image: Image) -> None:
    environment = int(image.run("du", "-sm", "/app/.venv").split()[0])
    size = image.store("images", "--format", "{{.Size}}", image.name)
    print(f"image {size}, of which the service's environment {environment} MiB")
    assert environment < 350


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except URLError:
            assert server.poll() is None, log.read_text(encoding="utf-8")
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"not ready within a minute: {log.read_text(encoding='utf-8')}")


def _post(url: str, body: object) -> dict[str, list[list[float]]]:
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        found: dict[str, list[list[float]]] = json.load(answer)
    return found
