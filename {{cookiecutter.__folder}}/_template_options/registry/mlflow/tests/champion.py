"""The champion as MLflow's own users load it."""

from pathlib import Path

import numpy as np
import pytest
from registered import model
from small_model import rows

from {{cookiecutter.package_name}} import registry
from {{cookiecutter.package_name}}.evaluated import FILES
from {{cookiecutter.package_name}}.mlflow_store import NAME, mlflow
from {{cookiecutter.package_name}}.predictor import open_session


def check_that_mlflow_loads_the_champion(uri: str) -> None:
    """Register, promote and fetch a model, and predict with what the alias gives at `uri`."""
    identity = model(7)
    registry.register()
    registry.promote(identity)
    assert registry.fetch("champion", "served") == identity
    for name in FILES:
        assert (Path("served") / name).read_bytes() == (Path("models") / name).read_bytes()
    inputs = rows(5)
    expected = open_session("models/model.onnx").run(["probabilities"], {"inputs": inputs})[0]
    mlflow.set_tracking_uri(uri)
    loaded = mlflow.pyfunc.load_model(f"models:/{NAME}@champion")
    assert np.array_equal(loaded.predict(inputs)["probabilities"], expected)
    with pytest.raises(mlflow.MlflowException, match="shape"):
        loaded.predict(inputs[..., :1])
