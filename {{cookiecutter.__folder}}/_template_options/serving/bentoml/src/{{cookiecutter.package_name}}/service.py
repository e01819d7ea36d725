"""The model behind HTTP, with BentoML: run by `make serve`, or by `bentoml serve` on `Service`."""

import argparse
import os
import sys
from typing import Annotated

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")  # read when bentoml is imported

import bentoml
import numpy as np
import uvicorn
from bentoml.validators import DType, Shape
from pydantic import BaseModel

from .data.schema import SCHEMA
from .errors import UserError
from .front import TYPED, Front
from .inference import LONGEST_BODY, inference

Rows = Annotated[np.ndarray, Shape((-1, *SCHEMA.input_shape)), DType("float32")]


class Prediction(BaseModel):
    """The classes of the rows that were sent, and how probable each class is for each row."""

    model_id: str
    labels: list[str]
    probabilities: list[list[float]]


class Classifier:
    """Says which class a row belongs to."""

    def __init__(self) -> None:
        self._inference = inference()

    @bentoml.api(route=TYPED)  # type: ignore[untyped-decorator]
    async def predict(self, inputs: Rows) -> Prediction:
        """Predict rows, each nested as the schema's `input_shape` says."""
        model, labels, probabilities = self._inference.predict(TYPED, inputs)
        return Prediction(model_id=model, labels=labels, probabilities=probabilities.tolist())


Service = bentoml.service(
    workers=1,
    # Above the time that a body may take: a slow one is then refused (408), not timed out (504).
    # BentoML keeps a timer for so long after every request, so it is not much above it either.
    traffic={"timeout": LONGEST_BODY + 2},
    tracing={"excluded_urls": [".*"]},
    metrics={"enabled": False},
    monitoring={"enabled": False},
    logging={"access": {"enabled": False}},
)(Classifier)
Service.add_asgi_middleware(Front)


def main(arguments: list[str] | None = None) -> int:
    """Serve in this process until SIGTERM; a model that cannot be served is one line and code 2."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000)
    options = parser.parse_args(arguments)
    try:
        model = inference().models.current.id
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"serving {model} on http://{options.host}:{options.port}", flush=True)
    uvicorn.run(
        Service.to_asgi(),
        host=options.host,
        port=options.port,
        access_log=False,
        server_header=False,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
