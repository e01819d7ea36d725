"""Turn a folder of wheels into a package index, for networks that reach no PyTorch index.

    python tools/wheel_index.py OUT [WHEEL_DIR]

writes the plain pages (PEP 503) below OUT and prints the setting that makes uv take `torch` from
there; WHEEL_DIR defaults to `$PIP_FIND_LINKS`. A project needs no change for it:

    export UV_INDEX="$(python tools/wheel_index.py .cache/wheels ~/wheels)"
    make setup
"""

import hashlib
import html
import os
import re
import sys
from collections import defaultdict
from pathlib import Path

# The names under which a rendered pyproject.toml knows PyTorch's indexes.
INDEXES = ("pytorch-cpu", "pytorch-cu130")


def write_index(out: Path, wheels: Path) -> str:
    """Write the pages for the wheels of a folder and return the value for `UV_INDEX`."""
    projects: dict[str, list[Path]] = defaultdict(list)
    for wheel in sorted(wheels.resolve().glob("*.whl")):
        projects[re.sub(r"[-_.]+", "-", wheel.name.split("-")[0]).lower()].append(wheel)
    if not projects:
        raise FileNotFoundError(f"no wheel in {wheels}")
    for name, files in projects.items():
        _page(out / name, {file.name: f"{file.as_uri()}#sha256={_digest(file)}" for file in files})
    _page(out, {name: f"{name}/" for name in projects})
    return " ".join(f"{index}={out.resolve().as_uri()}" for index in INDEXES)


def _page(folder: Path, links: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = "\n".join(
        f'<a href="{html.escape(target)}">{html.escape(text)}</a><br>'
        for text, target in links.items()
    )
    page = f"<!DOCTYPE html>\n<html><body>\n{rows}\n</body></html>\n"
    (folder / "index.html").write_text(page, encoding="utf-8")


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def main(arguments: list[str]) -> int:
    """Write the index that the command line asks for; one line and exit 2 when it cannot."""
    wheels = arguments[1] if len(arguments) > 1 else os.environ.get("PIP_FIND_LINKS", "")
    if not arguments or arguments[0].startswith("-") or not wheels:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        print(write_index(Path(arguments[0]), Path(wheels)))
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
