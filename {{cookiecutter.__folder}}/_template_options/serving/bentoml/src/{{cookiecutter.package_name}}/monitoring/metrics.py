"""What Prometheus may know about the service: requests, latency, rows, errors, and the model."""

import os

# BentoML asks for metrics in shared files, which cost more than the model does. One process
# serves, so its memory is enough; the library looks at the variable when it is imported.
os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
MEDIA_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """One registry with the series of the service; the children in use are kept at hand."""

    def __init__(self) -> None:
        here = CollectorRegistry()
        self._registry = here
        self._requests = Counter(
            "inference_requests", "Requests by route and status", ["route", "status"], registry=here
        )
        self._seconds = Histogram(
            "inference_seconds",
            "From the whole body to the answer",
            ["route"],
            buckets=SECONDS,
            registry=here,
        )
        self._rows = Counter("inference_rows", "Rows predicted", ["route"], registry=here)
        self._model = Gauge("model_info", "1 for the model at work", ["model_id"], registry=here)
        self._answered: dict[str, tuple[Counter, Histogram, Counter]] = {}

    def answered(self, route: str, rows: int, seconds: float) -> None:
        """Count a request that got its prediction."""
        if route not in self._answered:
            self._answered[route] = (
                self._requests.labels(route, "200"),
                self._seconds.labels(route),
                self._rows.labels(route),
            )
        requests, histogram, total = self._answered[route]
        requests.inc()
        histogram.observe(seconds)
        total.inc(rows)

    def refused(self, route: str, status: int) -> None:
        """Count a request that got none."""
        self._requests.labels(route, str(status)).inc()

    def render(self, model_id: str) -> bytes:
        """Give the page that Prometheus reads."""
        self._model.clear()
        self._model.labels(model_id).set(1)
        return generate_latest(self._registry)
