"""A request's way from body to answer, with what is measured and recorded on it: no HTTP library.

The typed route and the lean one stand on this, so that they cannot differ.
"""

import time
from functools import cache
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from . import protocol
from .errors import UserError
from .monitoring.events import FOLDER, EventLog
from .monitoring.metrics import Metrics
from .predictor import InvalidInput, ReloadingPredictor

LONGEST_BODY = 10  # seconds
Positive = Annotated[int, Field(gt=0)]


class Settings(BaseSettings):
    """The service's settings, from the environment or `.env`; see `.env.example`."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    page: bool = False
    models: Path = Path("models")
    body_limit: Positive = 2_000_000
    body_seconds: Annotated[float, Field(gt=0, le=LONGEST_BODY)] = LONGEST_BODY
    row_limit: Positive = 1024
    events: bool = True
    events_folder: Path = FOLDER
    events_megabytes: Positive = 100


class Reply(NamedTuple):
    """What goes back to the client."""

    status: int
    media: str
    body: bytes
    model: str


class Inference:
    """The model at work, its metrics and its event log."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.models = ReloadingPredictor(settings.models, settings.row_limit)
        self.metrics = Metrics()
        files = 10
        size = settings.events_megabytes * 1_000_000 // files
        self._events = EventLog(settings.events_folder, size, files) if settings.events else None

    def answer(self, route: str, media: str, body: bytes) -> Reply:
        """Check a body, predict and render; bad input becomes a refusal, never an exception."""
        predictor = self.models.current
        started = time.perf_counter()
        try:
            inputs = protocol.read(media, body, predictor)
        except InvalidInput as error:
            return self.refuse(route, error)
        probabilities = predictor.probabilities(inputs)
        labels = predictor.labels(probabilities)
        if media == protocol.JSON:
            answer = protocol.write_json(predictor.id, labels, probabilities)
        else:
            answer = protocol.write_floats(probabilities)
        self.metrics.answered(route, len(inputs), time.perf_counter() - started)
        if self._events:
            self._events.record(predictor.id, predictor.schema, inputs, labels, probabilities)
        return Reply(200, media, answer, predictor.id)

    def predict(self, route: str, inputs: np.ndarray) -> tuple[str, list[str], np.ndarray]:
        """Predict rows that came another way than as bytes; raises `InvalidInput`."""
        predictor = self.models.current
        started = time.perf_counter()
        checked = predictor.validate(inputs)
        probabilities = predictor.probabilities(checked)
        labels = predictor.labels(probabilities)
        self.metrics.answered(route, len(checked), time.perf_counter() - started)
        if self._events:
            self._events.record(predictor.id, predictor.schema, checked, labels, probabilities)
        return predictor.id, labels, probabilities

    def refuse(self, route: str, error: InvalidInput) -> Reply:
        """Count and render a refusal."""
        status, body = protocol.refusal(error)
        self.metrics.refused(route, status)
        return Reply(status, protocol.JSON, body, self.models.current.id)


def load_settings() -> Settings:
    """Read the settings; a mistake in one is a `UserError` that names it."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{str(first['loc'][0]).upper()}: {first['msg']}") from None


@cache
def inference() -> Inference:
    """Give this process's model, loaded on the first call."""
    return Inference(load_settings())
