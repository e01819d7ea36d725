"""Write `tests/default_project.txt`, every file of the default project, for its diff to be read."""

import sys
import tempfile
from importlib import import_module
from pathlib import Path

attempt = import_module("try")
LISTING = Path(__file__).resolve().parent.parent / "tests/default_project.txt"


def main() -> int:
    """Render the default project from the work tree, and list it."""
    with tempfile.TemporaryDirectory() as scratch:
        project = attempt.render([], Path(scratch))
        files = [path.relative_to(project) for path in project.rglob("*") if path.is_file()]
    LISTING.write_text("\n".join(sorted(map(str, files))) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
