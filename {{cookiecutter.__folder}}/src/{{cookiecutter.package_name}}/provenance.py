"""Which code, data and environment made a model."""

import platform
import subprocess
from pathlib import Path

from .artifacts import sha256
from .data.prepared import data_fingerprint

# A run itself changes its reports and DVC's lock, which says nothing about the code.
CODE = ("src", "params.yaml", "pyproject.toml", "uv.lock")


def origin() -> dict[str, str]:
    """Say what a tracked run follows from, besides its params."""
    return {
        "code": code_revision(),
        "data": data_fingerprint(),
        "lock": lock_hash(),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def code_revision() -> str:
    """Return git's revision, with "-dirty" if the code differs from it, or "unversioned"."""
    if not _git("ls-files", "params.yaml") or not (revision := _git("rev-parse", "HEAD")):
        return "unversioned"
    return revision + ("-dirty" if _git("status", "--porcelain", "--", *CODE) else "")


def lock_hash() -> str:
    """Return the hash of `uv.lock`, or "none"."""
    return sha256("uv.lock") if Path("uv.lock").exists() else "none"


def _git(*words: str) -> str:
    """Return what git says; nothing where it is missing or this is no repository."""
    try:
        result = subprocess.run(  # noqa: S603
            ["git", *words],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return result.stdout.strip()
