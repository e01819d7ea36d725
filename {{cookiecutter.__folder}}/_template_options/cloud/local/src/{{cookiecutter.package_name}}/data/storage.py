"""Keep files by key in the lake, here a folder: `LAKE` in the environment or in `.env`."""

import shutil
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from ..artifacts import atomic, sha256
from ..errors import UserError


def put(key: str, path: str | Path) -> None:
    """Keep a copy of the file at `path` under `key`, whole or not at all.

    Beside it lies a hidden list of the hashes that were ever put there. It grows before the file
    is replaced, so that a writer that dies between the two leaves nothing that looks damaged.
    """
    target = _locate(key)
    digest = sha256(path)
    with atomic(target) as temporary:
        shutil.copyfile(path, temporary)
        if sha256(temporary) != digest:
            raise UserError(f"{path} changed or was damaged while it was copied to {target}")
        if digest not in _digests(target):
            with _notes(target).open("a", encoding="ascii") as notes:
                notes.write(f"{digest}\n")


def get(key: str, path: str | Path) -> None:
    """Copy what lies under `key` to the file `path`, whole or not at all.

    Raises `UserError` when nothing lies there, or when it is not what was put there.
    """
    source = _locate(key)
    if not exists(key):
        raise UserError(f"the lake holds no {key}: {source} is missing")
    with atomic(path) as temporary:
        shutil.copyfile(source, temporary)
        if sha256(temporary) not in _digests(source):
            raise UserError(f"{source} is damaged: it is not what was put there")


def exists(key: str) -> bool:
    """Say whether something lies under `key`."""
    return _locate(key).is_file()


def keys(prefix: str = "") -> list[str]:
    """List, sorted, the keys that start with `prefix`."""
    lake = _Settings().lake
    found = (path.relative_to(lake) for path in lake.rglob("*") if path.is_file())
    names = (path.as_posix() for path in found if not _hidden(path.parts))
    return sorted(name for name in names if name.startswith(prefix))


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    lake: Path = Path("lake")


def _locate(key: str) -> Path:
    parts = key.split("/")
    if not all(parts) or _hidden(parts) or any(sign in key for sign in "\\:\0"):
        raise UserError(f"{key!r} is no key: use names with / between them, none of them hidden")
    return _Settings().lake.joinpath(*parts)


def _hidden(parts: list[str] | tuple[str, ...]) -> bool:
    """Temporary files and lists of hashes are hidden; so are "." and ".."."""
    return any(part.startswith(".") for part in parts)


def _notes(target: Path) -> Path:
    return target.with_name(f".{target.name}.sha256")


def _digests(target: Path) -> list[str]:
    notes = _notes(target)
    return notes.read_text(encoding="ascii").split() if notes.exists() else []
