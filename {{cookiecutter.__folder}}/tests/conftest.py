"""Fixtures that know the schema, and no data set: they go on working when it changes."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from {{cookiecutter.package_name}}.data.schema import SCHEMA

FOREIGN = (
    "WANDB_",
    "MLFLOW_TRACKING_",
    "NEPTUNE_API_TOKEN",
    "NEPTUNE_PROJECT",
    "OPTUNA_STORAGE",
    "RAY_ADDRESS",
    "LAKE",
)


@pytest.fixture(autouse=True)
def no_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests off the servers and databases of whoever runs them."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        monkeypatch.delenv(name)


@pytest.fixture
def rows() -> pd.DataFrame:
    """Return 40 rows of each class that fit the schema, and from which a class can be learned."""
    random = np.random.default_rng(7)
    low = np.array([feature.low for feature in SCHEMA.features])
    high = np.array([feature.high for feature in SCHEMA.features])
    labels = np.repeat(np.arange(len(SCHEMA.classes)), 40)
    centres = random.uniform(0.2, 0.8, (len(SCHEMA.classes), len(low)))
    places = np.clip(centres[labels] + random.normal(0, 0.05, (len(labels), len(low))), 0, 1)
    values = (low + places * (high - low)).astype("float32")
    frame = pd.DataFrame(np.clip(values, low, high), columns=SCHEMA.feature_names)
    frame[SCHEMA.target] = [SCHEMA.classes[label] for label in labels]
    return frame.sample(frac=1, random_state=7, ignore_index=True)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder in which the steps of this test run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
