"""What `evaluate` leaves behind, made in milliseconds, for a registry to keep."""

import json
from pathlib import Path

from small_model import write_model

from {{cookiecutter.package_name}}.artifacts import write_json


def model(seed: int, folder: str = "models", accuracy: float = 0.99) -> str:
    """Write a model with the weights of `seed`, its card and its model.json; return its id."""
    target = Path(folder)
    identity = write_model(target, seed)
    (target / "MODEL_CARD.md").write_text(f"# Card of {identity}")
    about = json.loads((target / "model.json").read_text())
    metrics = {"accuracy": accuracy, "loss": 0.05}
    write_json(target / "model.json", about | {"metrics": metrics, "data": "d" * 64, "code": "c1"})
    return identity
