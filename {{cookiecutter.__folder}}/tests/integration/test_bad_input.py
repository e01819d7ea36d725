"""Whatever is sent, over real HTTP: a status of 4xx and a message that names the mistake."""

import http.client
import json
import socket
from collections.abc import Iterator

import numpy as np
import pytest
from served import Served, serve
from small_model import rows, write_model

from {{cookiecutter.package_name}}.data.schema import SCHEMA

JSON, FLOATS = "application/json", "application/octet-stream"
ROUTES = ("/predict", "/v1/infer")
ROW = rows(1)[0].tolist()
LIMIT = 500_000
FLAT = [0.0] * len(SCHEMA.features)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("service")
    write_model(folder / "models")
    settings = {"BODY_LIMIT": str(LIMIT), "BODY_SECONDS": "1", "ROW_LIMIT": "16"}
    with serve(folder / "models", folder, **settings) as served:
        yield served
        assert "Traceback" not in served.output()


def replaced(value: object) -> bytes:
    """Give a good body in which the first number is `value`."""
    row = np.asarray(ROW, dtype=object)
    row.flat[0] = value
    return json.dumps({"inputs": [row.tolist()]}).encode()


BAD = {
    "an empty body": (b"", 400),
    "not JSON": (b"inputs", 400),
    "a list": (b"[]", 400),
    "no inputs": (b"{}", 400),
    "null": (b'{"inputs": null}', 400),
    "no rows": (b'{"inputs": []}', 400),
    "a flat list": (json.dumps({"inputs": FLAT}).encode(), 400),
    "ragged rows": (json.dumps({"inputs": [ROW, ROW[:-1]]}).encode(), 400),
    "too many rows": (json.dumps({"inputs": [ROW] * 17}).encode(), 400),
    "an unknown key": (json.dumps({"inputs": [ROW], "x": 1}).encode(), 400),
    "a key twice": (b'{"inputs": [], ' + json.dumps({"inputs": [ROW]}).encode()[1:], 400),
    "text": (replaced("1"), 400),
    "a boolean": (replaced(True), 400),
    "a null": (replaced(None), 400),
    "not a number": (replaced(float("nan")), 400),
    "infinity": (replaced(float("-inf")), 400),
    "an overflow": (replaced(0).replace(b"[0,", b"[1e999,"), 400),
    "beyond float32": (replaced(1e300), 400),
    "a huge integer": (replaced(10**400), 400),
    "out of range": (replaced(SCHEMA.features[0].high * 2 + 1), 400),
    "deep lists": (b"[" * 100_000, 400),
    "deep objects": (b'{"inputs":' * 50_000, 400),
    "not UTF-8": (b'{"inputs": "\xff"}', 400),
    "a lone surrogate": (rb'{"inputs": "\ud800"}', 400),
    "UTF-16": (json.dumps({"inputs": [ROW]}).encode("utf-16"), 400),
    "a body over the limit": (b" " * (LIMIT + 1), 413),
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", BAD)
def test_bad_json_is_refused_by_name(service: Served, route: str, name: str) -> None:
    body, expected = BAD[name]
    status, text = post(service, route, body, {"Content-Type": JSON})
    assert status == expected
    error = json.loads(text)["error"]
    assert all(error[part] for part in ("field", "expected", "got"))


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "media", ["", "text/plain", "application/vnd.bentoml+pickle", "multipart/form-data; boundary=x"]
)
def test_other_media_types_are_refused(service: Served, route: str, media: str) -> None:
    body = json.dumps({"inputs": [ROW]}).encode()
    status, text = post(service, route, body, {"Content-Type": media} if media else {})
    assert status == 415
    assert json.loads(text)["error"]["field"] == "content-type"


@pytest.mark.parametrize("size", [0, 1, 3, 4 * len(FLAT) - 4, 4 * len(FLAT) + 1])
def test_floats_of_odd_length_are_refused(service: Served, size: int) -> None:
    status, text = post(service, "/v1/infer", b"\0" * size, {"Content-Type": FLOATS})
    assert status == 400
    assert json.loads(text)["error"]["got"] == f"{size} bytes"


def test_floats_that_are_not_finite_are_refused(service: Served) -> None:
    body = np.full(len(FLAT), np.nan, dtype="<f4").tobytes()
    assert post(service, "/v1/infer", body, {"Content-Type": FLOATS})[0] == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "POST", "GET"])
@pytest.mark.parametrize(
    "path", ["/", "/predict", "/predict/", "/predict%0A", "/v1/infer", "/v1/x", "/%00", "/..%2f"]
)
def test_odd_requests_are_the_callers_mistake(service: Served, method: str, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
    connection.request(method, path, body=b"x", headers={"Content-Type": JSON})
    status = connection.getresponse().status
    connection.close()
    assert 300 <= status < 500


@pytest.mark.parametrize("route", ROUTES)
def test_a_chunked_body_over_the_limit_is_refused(service: Served, route: str) -> None:
    head = f"POST {route} HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\n"
    request = head.encode() + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n" % 50_000 + b" " * 50_000 + b"\r\n"
    assert raw(service, request + chunk * 11).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("route", ROUTES)
def test_a_body_that_does_not_arrive_is_refused(service: Served, route: str) -> None:
    head = (
        f"POST {route} HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\nContent-Length: 100\r\n\r\n"
    )
    assert raw(service, head.encode() + b'{"inp').startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("text", [b"\0\0\0\0\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST\r\n\r\n"])
def test_what_is_not_http_is_refused(service: Served, text: bytes) -> None:
    assert raw(service, text).startswith(b"HTTP/1.1 4")


def test_clients_that_leave_disturb_nobody(service: Served) -> None:
    head = b"POST /v1/infer HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    for part in (head, head + b"Content-Length: 50\r\n\r\n", head + b"Content-Length: 9\r\n\r\n{"):
        with socket.create_connection(("127.0.0.1", service.port)) as client:
            client.sendall(part)
    body = json.dumps({"inputs": [ROW]}).encode()
    assert post(service, "/v1/infer", body, {"Content-Type": JSON})[0] == 200


def post(service: Served, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
    try:
        connection.request("POST", path, body=body, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def raw(service: Served, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as client:
        client.sendall(request)
        return client.recv(65536)
