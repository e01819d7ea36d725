"""The one place that runs the model: a strict check of what comes in, and one ONNX session.

It knows no server and no training framework; every server, `score` and `monitor` stand on it.
"""

import hashlib
import logging
import math
import threading
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from .artifacts import read_json
from .data.spec import Schema
from .errors import UserError

logger = logging.getLogger(__name__)


class InvalidInput(ValueError):  # noqa: N818
    """The caller's mistake: where it is, what belongs there, and what was found."""

    def __init__(self, field: str, expected: str, got: str) -> None:
        super().__init__(f"{field}: expected {expected}, got {got}")
        self.field, self.expected, self.got = field, expected, got


def open_session(model: str | Path | bytes) -> ort.InferenceSession:
    """Open a model (a file, or its bytes) on the CPU with a single thread.

    A small model is slower on two threads than on one; servers scale by processes.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    source = model if isinstance(model, bytes) else str(model)
    try:
        return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its classes share no base of their own
        name = "the model" if isinstance(model, bytes) else model
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"{name} cannot be opened ({reason}): run `make pipeline`") from None


class Predictor:
    """A model that was trained, exported and tested: `model.json` and `model.onnx` of a folder.

    Raises `UserError` when one is missing, broken, or does not belong to the other.
    """

    def __init__(self, folder: str | Path = "models", maximum_rows: int = 1024) -> None:
        about, session = _load(Path(folder))
        self.about = about
        self.id: str = about["id"]
        self.schema = Schema.from_dict(about["schema"])
        self.maximum_rows = maximum_rows
        self._session = session
        bounds = [(feature.low, feature.high) for feature in self.schema.features]
        low, high = np.asarray(bounds, dtype=np.float32).T
        self._low, self._high = (b.reshape(1, *self.schema.input_shape) for b in (low, high))
        self._try_out()

    def validate(self, values: Any) -> np.ndarray:  # noqa: ANN401
        """Return `values`, nested lists or an array, as float32 of shape (n, *input_shape).

        Nothing is repaired: a flat list is not reshaped, text and booleans are not numbers, and
        every value lies in its feature's range. Raises `InvalidInput` for the first that does not.
        """
        array = values if isinstance(values, np.ndarray) else self._from_rows(values)
        if array.dtype.kind not in "fiu":
            raise InvalidInput("inputs", "numbers", str(array.dtype))
        if array.ndim == 0 or array.shape[1:] != self.schema.input_shape:
            expected = ", ".join(("n", *map(str, self.schema.input_shape)))
            raise InvalidInput("inputs", f"shape ({expected})", f"shape {array.shape}")
        self._check_count(len(array))
        if array.dtype != np.float32:
            with np.errstate(over="ignore"):
                array = array.astype(np.float32)
        inside = (self._low <= array) & (array <= self._high)  # not a number is never inside
        if not inside.all():
            raise self._outside(values, tuple(map(int, np.argwhere(~inside)[0])))
        return np.ascontiguousarray(array)

    def probabilities(self, array: np.ndarray) -> np.ndarray:
        """Run the model on what `validate` returned; shape (n, classes)."""
        result: np.ndarray = self._session.run(["probabilities"], {"inputs": array})[0]
        return result

    def labels(self, probabilities: np.ndarray) -> list[str]:
        """Name the most probable class of each row."""
        return [self.schema.classes[index] for index in probabilities.argmax(axis=1)]

    def _try_out(self) -> None:
        """Run one row: a graph that does not fit its schema fails here, not in a request."""
        try:
            shape = self.probabilities((self._low + self._high) / 2).shape
        except Exception as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(f"{self.id} cannot run ({reason}): run `make pipeline`") from None
        if shape != (1, len(self.schema.classes)):
            raise UserError(f"{self.id} answers with shape {shape}: run `make pipeline`")

    def _from_rows(self, values: object) -> np.ndarray:
        if not isinstance(values, list):
            raise InvalidInput("inputs", "a list of rows", shown(values))
        self._check_count(len(values))
        shape = (len(values), *self.schema.input_shape)
        numbers = _flatten(values, shape)
        if numbers is None:
            _explain_nesting("inputs", values, shape)
        return np.array(numbers, dtype=np.float64).reshape(shape)

    def _check_count(self, rows: int) -> None:
        if not 1 <= rows <= self.maximum_rows:
            raise InvalidInput("inputs", f"1 to {self.maximum_rows} rows", f"{rows} rows")

    def _outside(self, values: Any, index: tuple[int, ...]) -> InvalidInput:  # noqa: ANN401
        place = int(np.ravel_multi_index(index[1:], self.schema.input_shape))
        feature = self.schema.features[place]
        got = values
        for position in index:
            got = got[position]
        return InvalidInput(
            "inputs" + "".join(f"[{position}]" for position in index),
            f"{feature.name}, a finite number from {feature.low:g} to {feature.high:g}",
            shown(got.item() if isinstance(got, np.generic) else got),
        )


class ReloadingPredictor:
    """The newest complete model of a folder, looked for once in `every` seconds.

    `current` is replaced whole, so a request that took it keeps one model to its end. A pair that
    does not belong together, such as one that is being copied, is logged and the old one stays.
    """

    def __init__(
        self, folder: str | Path = "models", maximum_rows: int = 1024, every: float = 1.0
    ) -> None:
        self._folder, self._maximum_rows, self._every = Path(folder), maximum_rows, every
        self._seen = self._stamp()
        self.current = Predictor(folder, maximum_rows)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="model-watch", daemon=True)
        self._thread.start()

    def refresh(self) -> None:
        """Look for a new model now, and take it if it is complete."""
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp  # before it is read: a file that changes meanwhile is read again
        try:
            new = Predictor(self._folder, self._maximum_rows)
        except Exception as error:  # whatever lies there, the model at work goes on working
            logger.warning("still serving %s: %s", self.current.id, error)
            return
        logger.info("serving %s instead of %s", new.id, self.current.id)
        self.current = new

    def close(self) -> None:
        """Stop looking; `current` stays usable."""
        self._closed.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._closed.wait(self._every):
            self.refresh()

    def _stamp(self) -> list[tuple[int, int, int] | None]:
        return [_stamp(self._folder / name) for name in ("model.json", "model.onnx")]


def shown(value: object) -> str:
    """Show a value of unknown size in a few words."""
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object of {len(value)}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and value.bit_length() > 200:
        return "a number of more than 60 digits"  # repr would refuse or take long
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _load(folder: Path) -> tuple[dict[str, Any], ort.InferenceSession]:
    about = read_json(folder / "model.json")
    missing = {"id", "sha256", "schema"} - set(about if isinstance(about, dict) else ())
    if missing:
        names = ", ".join(sorted(missing))
        raise UserError(f"{folder / 'model.json'} lacks {names}: run `make pipeline`")
    try:
        model = (folder / "model.onnx").read_bytes()
    except FileNotFoundError:
        raise UserError(f"{folder / 'model.onnx'} is missing: run `make pipeline`") from None
    if hashlib.sha256(model).hexdigest() != about["sha256"]:
        raise UserError(
            f"{folder / 'model.onnx'} is not the file that model.json describes: "
            "run `make pipeline`"
        )
    return about, open_session(model)


def _flatten(values: Any, shape: tuple[int, ...]) -> list[float] | None:  # noqa: ANN401
    """Give the numbers of nested lists that have `shape`, or None when something else is there."""
    level = list(values)
    for size in shape[1:]:
        if set(map(type, level)) != {list} or set(map(len, level)) != {size}:
            return None
        level = list(chain.from_iterable(level))
    if not set(map(type, level)) <= {int, float}:
        return None
    try:
        return list(map(float, level))
    except OverflowError:  # an integer that no float can hold; it is out of any range
        return [math.inf if abs(value) > 1e300 else value for value in level]


def _explain_nesting(field: str, values: Any, shape: tuple[int, ...]) -> None:  # noqa: ANN401
    """Name the first place that is not as `shape` has it; looks no deeper than `shape` does."""
    if not shape:
        if type(values) not in (int, float):
            raise InvalidInput(field, "a number", shown(values))
        return
    if not isinstance(values, list) or len(values) != shape[0]:
        raise InvalidInput(field, f"a list of {shape[0]}", shown(values))
    for place, value in enumerate(values):
        _explain_nesting(f"{field}[{place}]", value, shape[1:])


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
