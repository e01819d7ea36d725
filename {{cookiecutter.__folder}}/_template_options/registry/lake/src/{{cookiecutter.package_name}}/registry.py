"""Keep evaluated models in the lake by their id, and point at them by alias.

In the lake a model is a folder `models/<id>/`, an alias a file `aliases/<alias>.json`. It does
not know which lake that is.
"""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .artifacts import write_json
from .data import storage
from .errors import UserError
from .evaluated import FILES, Entry, hashes, put_in_place, read_evaluated, require_alias


def register(folder: str | Path = "models") -> str:
    """Keep the evaluated model in `folder`, and return its id.

    To register a model twice changes nothing. The record is written last: a model whose
    registration was interrupted is not listed, and registering it again completes it.
    """
    model = read_evaluated(folder)
    if known := _record(model["id"]):
        if known["sha256"]["model.onnx"] != model["sha256"]:
            raise UserError(f"{model['id']} is taken by another model; train with another seed")
        return str(model["id"])
    for name in FILES:
        storage.put(f"models/{model['id']}/{name}", Path(folder) / name)
    _put_json(
        f"models/{model['id']}/record.json",
        {
            "registered": datetime.now(UTC).isoformat(timespec="seconds"),
            "sha256": hashes(folder),
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
    require_alias(alias)
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
    if not pointer or not record:
        raise UserError(f"no model has the alias {alias!r}: run `make register` and promote one")
    with tempfile.TemporaryDirectory(dir=target, prefix=".fetch-") as staged:
        for name in FILES:
            storage.get(f"models/{pointer}/{name}", Path(staged) / name)
        put_in_place(staged, target, pointer, record["sha256"])
    return pointer


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
