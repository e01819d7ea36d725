"""Write `_template_options/taken.txt`: names that a package cannot have, for a lock holds them.

A project called like a dependency of a dependency cannot be resolved. Rendering knows no network,
so this tool locks the rendering of each choice beforehand and keeps the names.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from importlib import import_module
from pathlib import Path

attempt = import_module("try")
ROOT = Path(__file__).resolve().parent.parent
TAKEN = ROOT / "{{cookiecutter.__folder}}/_template_options/taken.txt"


def locked(project: Path) -> set[str]:
    """Lock a project, and return the names of everything in the lock but itself."""
    subprocess.run(["uv", "lock", "--quiet"], cwd=project, env=attempt.environment(), check=True)
    packages = tomllib.loads((project / "uv.lock").read_text(encoding="utf-8"))["package"]
    return {row["name"].replace("-", "_") for row in packages if row["name"] != project.name}


def main() -> int:
    """Lock one rendering for each choice and write the names, one a line."""
    source = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    asked = [question for question in source["_questions"] if question in source]
    names: set[str] = set()
    for answer in [f"{question}={choice}" for question in asked for choice in source[question]]:
        with tempfile.TemporaryDirectory() as scratch:
            names |= locked(attempt.render([answer], Path(scratch)))
    TAKEN.write_text("\n".join(sorted(names)) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
