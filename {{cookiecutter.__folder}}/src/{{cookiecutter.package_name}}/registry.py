"""Keep evaluated models in the lake by their id, and point at them by alias.

In the lake a model is a folder `models/<id>/`, an alias a file `aliases/<alias>.json`. It does
not know which lake that is.
"""

import json
import re
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .artifacts import read_json, sha256, write_json
from .data import storage
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


def register(folder: str | Path = "models") -> str:
    """Keep the evaluated model in `folder`, and return its id.

    To register a model twice changes nothing. The record is written last: a model whose
    registration was interrupted is not listed, and registering it again completes it.
    """
    files = {name: Path(folder) / name for name in FILES}
    model = _checked(files)
    if known := _record(model["id"]):
        if known["sha256"]["model.onnx"] != model["sha256"]:
            raise UserError(f"{model['id']} is taken by another model; train with another seed")
        return str(model["id"])
    for name, path in files.items():
        storage.put(f"models/{model['id']}/{name}", path)
    _put_json(
        f"models/{model['id']}/record.json",
        {
            "registered": datetime.now(UTC).isoformat(timespec="seconds"),
            "sha256": {name: sha256(path) for name, path in files.items()},
            **{key: model[key] for key in ("id", "metrics", "data", "code")},
        },
    )
    return str(model["id"])


def entries() -> list[Entry]:
    """List the registered models, the newest first."""
    aliases = _aliases()
    records = [_get_json(key) for key in storage.keys("models/") if key.endswith("/record.json")]
    found = [
        Entry(
            id=record["id"],
            registered=record["registered"],
            metrics=record["metrics"],
            data=record["data"],
            code=record["code"],
            aliases=tuple(alias for alias, model in aliases.items() if model == record["id"]),
        )
        for record in records
    ]
    return sorted(found, key=lambda entry: (entry.registered, entry.id), reverse=True)


def promote(model: str, alias: str = "champion") -> None:
    """Let `alias` point at the registered `model` from now on."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", alias):
        raise UserError(f"{alias!r} is no alias: use a-z, 0-9, - and _")
    if not _record(model):
        known = ", ".join(entry.id for entry in entries()) or "nothing yet"
        raise UserError(f"{model} is not registered; registered: {known}")
    _put_json(f"aliases/{alias}.json", {"id": model})


def fetch(alias: str = "champion", folder: str | Path = "models") -> str:
    """Put the model that `alias` points at into `folder`, and return its id.

    All its files are fetched and compared with the record before the first of them is put there.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    pointer = _aliases().get(alias)
    record = _record(pointer) if pointer else None
    if not record:
        raise UserError(f"no model has the alias {alias!r}: run `make register` and promote one")
    with tempfile.TemporaryDirectory(dir=target, prefix=".fetch-") as name:
        for file in FILES:
            storage.get(f"models/{pointer}/{file}", Path(name) / file)
            if sha256(Path(name) / file) != record["sha256"][file]:
                raise UserError(f"{file} of {pointer} is damaged: register the model again")
        for file in FILES:
            (Path(name) / file).replace(target / file)
    return str(pointer)


def _checked(files: dict[str, Path]) -> dict[str, Any]:
    """Read `model.json`, and refuse a model that is not the one it describes."""
    model: dict[str, Any] = read_json(files["model.json"])
    for name, path in files.items():
        if not path.is_file():
            raise UserError(f"{name} is missing in {path.parent}: run `make pipeline`")
    if sha256(files["model.onnx"]) != model["sha256"]:
        raise UserError(f"{files['model.onnx']} is not the model of model.json: `make pipeline`")
    return model


def _record(model: str) -> dict[str, Any] | None:
    key = f"models/{model}/record.json"
    return _get_json(key) if storage.exists(key) else None


def _aliases() -> dict[str, str]:
    keys = storage.keys("aliases/")
    return {Path(key).stem: _get_json(key)["id"] for key in keys}


def _put_json(key: str, data: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_json(Path(folder) / "it.json", data)
        storage.put(key, Path(folder) / "it.json")


def _get_json(key: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        storage.get(key, Path(folder) / "it.json")
        data: dict[str, Any] = json.loads((Path(folder) / "it.json").read_bytes())
    return data
