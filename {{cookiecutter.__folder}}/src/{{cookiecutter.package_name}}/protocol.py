"""Request bodies in, answers and errors out: what every server of the model says alike.

It knows bytes, media types and status codes, and no web framework.
"""

import json
from typing import Any

import numpy as np
import orjson

from .predictor import InvalidInput, Predictor, shown

JSON = "application/json"
FLOATS = "application/octet-stream"
_SHAPE_OF_BODY = 'an object {"inputs": [row, ...]}'


class UnknownMediaType(InvalidInput):
    """The body is neither JSON nor raw floats."""


class BodyTooLarge(InvalidInput):
    """The body has more bytes than the service takes."""


class BodyTooSlow(InvalidInput):
    """The body did not arrive in time."""


def media_type(header: str) -> str:
    """Reduce a content-type header to its type, without parameters."""
    return header.partition(";")[0].strip().lower()


def read(media: str, body: bytes, predictor: Predictor) -> np.ndarray:
    """Turn a request body into the checked tensor; raises `InvalidInput`."""
    if media == JSON:
        return read_json(body, predictor)
    if media == FLOATS:
        return read_floats(body, predictor)
    raise UnknownMediaType("content-type", f"{JSON} or {FLOATS}", shown(media))


def read_json(body: bytes, predictor: Predictor) -> np.ndarray:
    """Read `{"inputs": [row, ...]}`, nested as the schema's `input_shape` says."""
    try:
        values = _inputs(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        values = _inputs(_loads_leniently(body, error))
    # A good body has one text in it, the key, and no literal; then numpy may read it at once.
    plain = body.count(b'"') == 2
    if plain and b"true" not in body and b"false" not in body and b"null" not in body:
        try:
            with np.errstate(over="ignore"):
                return predictor.validate(np.asarray(values, dtype=np.float32))
        except (TypeError, ValueError, OverflowError):
            pass  # said better from the values as they were sent
    array = predictor.validate(values)
    if not plain:
        raise InvalidInput("inputs", "the key once", "the key more than once")
    return array


def read_floats(body: bytes, predictor: Predictor) -> np.ndarray:
    """Read rows of little-endian float32, nothing between them."""
    size = 4 * len(predictor.schema.features)
    if not body or len(body) % size:
        raise InvalidInput("body", f"{size} bytes for each row", f"{len(body)} bytes")
    values = np.frombuffer(body, dtype="<f4").reshape(-1, *predictor.schema.input_shape)
    return predictor.validate(values)


def write_json(model: str, labels: list[str], probabilities: np.ndarray) -> bytes:
    """Render an answer."""
    answer = {"model_id": model, "labels": labels, "probabilities": probabilities}
    return orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)


def write_floats(probabilities: np.ndarray) -> bytes:
    """Render an answer as little-endian float32, row by row; the model id goes into a header."""
    return probabilities.astype("<f4", copy=False).tobytes()


def refusal(error: InvalidInput) -> tuple[int, bytes]:
    """Give the status and the body with which to refuse a request."""
    status = {UnknownMediaType: 415, BodyTooLarge: 413, BodyTooSlow: 408}.get(type(error), 400)
    text = {"field": error.field, "expected": error.expected, "got": error.got}
    return status, orjson.dumps({"error": text})


def describe(predictor: Predictor, body_limit: int) -> bytes:
    """Render what a client must know before it asks: schema, model and limits."""
    return orjson.dumps(
        {
            "model_id": predictor.id,
            "schema": predictor.schema.to_dict(),
            "metrics": predictor.about.get("metrics", {}),
            "limits": {"rows": predictor.maximum_rows, "bytes": body_limit},
        }
    )


def _inputs(data: object) -> Any:  # noqa: ANN401
    if not isinstance(data, dict):
        raise InvalidInput("body", _SHAPE_OF_BODY, shown(data))
    if unknown := sorted(data.keys() - {"inputs"}):
        raise InvalidInput(shown(unknown[0]), 'no key but "inputs"', "an unknown key")
    if "inputs" not in data:
        raise InvalidInput("inputs", _SHAPE_OF_BODY, "no such key")
    return data["inputs"]


def _loads_leniently(body: bytes, error: orjson.JSONDecodeError) -> Any:  # noqa: ANN401
    """Read NaN, Infinity and huge numbers, for the validator to say where they stand.

    It refuses them all, so nothing that is not JSON gets through.
    """
    try:
        data = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise InvalidInput("body", "JSON", str(error)) from None
    if b"NaN" in body or b"Infinity" in body or "infinity" in str(error):
        return data
    raise InvalidInput("body", "JSON", str(error))
