"""The evaluated model as files, and what a registry says of it; it knows no registry."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .artifacts import read_json, sha256
from .errors import UserError

# The order in which they are fetched into use: who watches model.json finds the others in place.
FILES = ("MODEL_CARD.md", "model.onnx", "model.json")


@dataclass(frozen=True)
class Entry:
    """A registered model; `data` is the fingerprint of what it was trained on."""

    id: str
    registered: str
    metrics: dict[str, float]
    data: str
    code: str
    aliases: tuple[str, ...]


def read_evaluated(folder: str | Path) -> dict[str, Any]:
    """Return the `model.json` of `folder`.

    Raises `UserError` when a file is missing, or when the model is not the one it describes.
    """
    model: dict[str, Any] = read_json(Path(folder) / "model.json")
    for name in FILES:
        if not (Path(folder) / name).is_file():
            raise UserError(f"{name} is missing in {folder}: run `make pipeline`")
    if sha256(Path(folder) / "model.onnx") != model["sha256"]:
        raise UserError(f"{folder}/model.onnx is not the model of model.json: `make pipeline`")
    return model


def hashes(folder: str | Path) -> dict[str, str]:
    """Return the hash of each file of the evaluated model."""
    return {name: sha256(Path(folder) / name) for name in FILES}


def put_in_place(
    staged: str | Path, folder: str | Path, model: str, wanted: dict[str, str]
) -> None:
    """Move the files of `model` from `staged` to `folder`, the last one last.

    Raises `UserError` before the first of them is moved, if one is not what `wanted` says.
    """
    found = hashes(staged)
    for name in FILES:
        if found[name] != wanted[name]:
            raise UserError(f"{name} of {model} is damaged: register the model again")
    for name in FILES:
        (Path(staged) / name).replace(Path(folder) / name)


def require_alias(alias: str) -> None:
    """Raise `UserError` for a name that some registry would refuse or misread."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", alias):
        raise UserError(f"{alias!r} is no alias: use a-z, 0-9, - and _")
