import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import bentoml
import numpy as np
import pytest
from served import ROOT, Served, free_port, serve
from small_model import rows, write_model

from {{cookiecutter.package_name}}.predictor import Predictor

HEAVY = "pandas torch tensorflow keras sklearn scipy matplotlib great_expectations onnx pyarrow"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("service")
    write_model(path / "models")
    return path


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Served]:
    with serve(folder / "models", folder) as served:
        yield served


@pytest.mark.parametrize("as_list", [False, True])
def test_bentomls_own_client_predicts(service: Served, folder: Path, as_list: bool) -> None:
    array = rows(3)
    with bentoml.SyncHTTPClient(service.url) as client:
        answer = client.predict(inputs=array.tolist() if as_list else array)
    expected = Predictor(folder / "models").probabilities(array)
    np.testing.assert_allclose(answer["probabilities"], expected, rtol=1e-6)


def test_bentomls_own_client_is_told_what_is_wrong(service: Served) -> None:
    with (
        bentoml.SyncHTTPClient(service.url) as client,
        pytest.raises(bentoml.exceptions.BentoMLException, match="finite number"),
    ):
        client.predict(inputs=rows(1) + 1e6)


def test_the_typed_route_is_in_the_api_description(service: Served) -> None:
    with urllib.request.urlopen(f"{service.url}/docs.json") as response:  # noqa: S310
        assert b'"/predict"' in response.read()


def test_serving_imports_no_training_library(folder: Path) -> None:
    code = (
        "import sys, {{cookiecutter.package_name}}.service as s; "
        "s.inference(); s.Service.to_asgi();"
        f"sys.exit(' '.join(m for m in '{HEAVY}'.split() if m in sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "MODELS": str(folder / "models"), "EVENTS": "off"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.stderr.strip() == ""


def test_bentomls_own_command_serves_it_too(folder: Path, tmp_path: Path) -> None:
    port = free_port()
    command = ["-m", "bentoml", "serve", "{{cookiecutter.package_name}}.service:Service"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "MODELS": str(folder / "models"), "EVENTS": "off"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_ready(port)
        with bentoml.SyncHTTPClient(f"http://127.0.0.1:{port}") as client:
            assert len(client.predict(inputs=rows(2))["labels"]) == 2
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as response:
            assert b'inference_rows_total{route="/predict"} 2.0' in response.read()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("bentoml serve did not answer")
