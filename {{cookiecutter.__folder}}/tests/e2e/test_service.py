"""The protocol that every server of the model speaks, over real HTTP."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import ROOT, Served, free_port, serve
from small_model import rows, write_model

from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.monitoring.events import read_events
from {{cookiecutter.package_name}}.predictor import Predictor

JSON, FLOATS = "application/json", "application/octet-stream"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("service")
    write_model(path / "models")
    return path


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Served]:
    with serve(folder / "models", folder, page="on") as served:
        yield served


@pytest.mark.parametrize("route", ["/predict", "/v1/infer"])
@pytest.mark.parametrize("count", [1, 3, 32])
def test_what_is_served_is_what_the_model_says(
    service: Served, folder: Path, route: str, count: int
) -> None:
    array = rows(count, seed=count)
    predictor = Predictor(folder / "models")
    expected = predictor.probabilities(predictor.validate(array))
    answer = ask(service, route, array)
    assert answer["model_id"] == predictor.id
    assert answer["labels"] == predictor.labels(expected)
    np.testing.assert_allclose(answer["probabilities"], expected, rtol=1e-6)


def test_raw_floats_get_raw_floats(service: Served, folder: Path) -> None:
    array = rows(5)
    request = urllib.request.Request(  # noqa: S310
        f"{service.url}/v1/infer", array.astype("<f4").tobytes(), {"Content-Type": FLOATS}
    )
    with urllib.request.urlopen(request) as response:  # noqa: S310
        got = np.frombuffer(response.read(), "<f4").reshape(5, -1)
        assert response.headers["X-Model-Id"] == Predictor(folder / "models").id
    np.testing.assert_array_equal(got, Predictor(folder / "models").probabilities(array))


def test_the_schema_says_what_to_send(service: Served) -> None:
    about = json.loads(get(service, "/schema")[1])
    assert about["schema"] == json.loads(json.dumps(SCHEMA.to_dict()))
    assert about["model_id"].startswith("small-")
    assert about["limits"] == {"rows": 1024, "bytes": 2_000_000}


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
def test_health(service: Served, path: str) -> None:
    assert get(service, path)[0] == 200


def test_metrics_count_requests_rows_and_refusals(service: Served) -> None:
    ask(service, "/v1/infer", rows(2))
    assert get(service, "/v1/infer", b"[]")[0] == 400
    text = get(service, "/metrics")[1].decode()
    assert 'inference_requests_total{route="/v1/infer",status="200"}' in text
    assert 'inference_requests_total{route="/v1/infer",status="400"}' in text
    assert 'inference_seconds_bucket{le="0.001",route="/v1/infer"}' in text
    assert 'inference_rows_total{route="/v1/infer"}' in text
    assert 'model_info{model_id="small-' in text


def test_the_page_may_load_nothing_from_elsewhere(service: Served) -> None:
    with urllib.request.urlopen(service.url) as response:  # noqa: S310
        assert response.headers["Content-Type"].startswith("text/html")
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_an_event_is_logged_for_each_request(service: Served, folder: Path) -> None:
    array = rows(1, seed=99)
    answer = ask(service, "/predict", array)
    kept = array.ravel()[[not feature.personal for feature in SCHEMA.features]]
    *_, event = read_events(folder / "events")
    np.testing.assert_allclose(event["features"], [kept], rtol=1e-6)
    assert event["labels"] == answer["labels"]
    assert set(event) == {"time", "model", "rows", "labels", "confidence", "features"}


def test_settings_turn_page_and_events_off(folder: Path, tmp_path: Path) -> None:
    with serve(folder / "models", tmp_path, EVENTS="off") as served:
        assert get(served, "/")[0] == 404
        assert get(served, "/page/style.css")[0] == 404
        ask(served, "/v1/infer", rows(1))
    assert not (tmp_path / "events").exists()


def test_a_new_champion_is_served_without_a_restart(tmp_path: Path) -> None:
    write_model(tmp_path / "models", seed=1)
    with serve(tmp_path / "models", tmp_path) as served:
        new = write_model(tmp_path / "models", seed=2)
        deadline = time.monotonic() + 20
        while ask(served, "/v1/infer", rows(1))["model_id"] != new:
            assert time.monotonic() < deadline, served.output()
        assert ask(served, "/predict", rows(1))["model_id"] == new


def test_sigterm_finishes_what_is_in_flight(folder: Path, tmp_path: Path) -> None:
    body = json.dumps({"inputs": rows(1).tolist()}).encode()
    head = b"POST /v1/infer HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with (
        serve(folder / "models", tmp_path) as served,
        socket.create_connection(("127.0.0.1", served.port), timeout=20) as client,
    ):
        client.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body[:20])
        time.sleep(0.3)
        served.stop()
        time.sleep(1)
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", served.port), timeout=5)
        client.sendall(body[20:])
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
        served.process.wait(20)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"MODELS": "nowhere"}, "make pipeline"), ({"PAGE": "perhaps"}, "PAGE: ")],
)
def test_a_service_that_cannot_start_says_why_in_one_line(
    folder: Path, settings: dict[str, str], message: str
) -> None:
    environment = {**os.environ, "MODELS": str(folder / "models"), **settings}
    result = subprocess.run(
        [shutil.which("make") or "make", "-s", "serve", f"PORT={free_port()}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode != 0
    errors = [line for line in result.stderr.splitlines() if not line.startswith("make")]
    assert len(errors) == 1
    assert message in errors[0]


def ask(service: Served, route: str, array: np.ndarray) -> dict[str, Any]:
    status, text = get(service, route, json.dumps({"inputs": array.tolist()}).encode())
    assert status == 200, text
    answer: dict[str, Any] = json.loads(text)
    return answer


def get(service: Served, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(service.url + path, body, {"Content-Type": JSON})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
