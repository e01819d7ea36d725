"""How long it takes to render the default project, beside an empty Cookiecutter template.

Whole processes, in turn, in one run: what counts is the ratio, for a machine's speed drifts.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 7


def export(target: Path) -> Path:
    """Copy the files of the template that git knows, without caches."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, names):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    return target


def empty_template(target: Path) -> Path:
    """Write a template of one question and one file."""
    (target / "{{cookiecutter.name}}").mkdir(parents=True)
    (target / "cookiecutter.json").write_text(json.dumps({"name": "empty"}))
    (target / "{{cookiecutter.name}}/README.md").write_text("{{cookiecutter.name}}\n")
    return target


def seconds(command: list[str]) -> float:
    """Run a command, and return its wall time."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Print the medians, their ratio, and the size of what is rendered."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours, empty = export(folder / "ours"), empty_template(folder / "empty")
        commands = {
            "empty template, cookiecutter": ["cookiecutter", "--no-input", str(empty)],
            "this template, cookiecutter": ["cookiecutter", "--no-input", str(ours)],
            "this template, copier": ["copier", "copy", "--trust", "--defaults", str(ours)],
        }
        times: dict[str, list[float]] = {label: [] for label in commands}
        for number in range(RUNS):
            for label, command in commands.items():
                out = folder / f"{number}-{label.split(',')[0]}-{command[0]}"
                end = [str(out)] if command[0] == "copier" else ["-o", str(out)]
                times[label].append(seconds([sys.executable, "-m", command[0], *command[1:], *end]))
        base = statistics.median(times["empty template, cookiecutter"])
        for label, values in times.items():
            median = statistics.median(values)
            print(f"{label:<32} {median:6.2f} s   {median / base:5.2f} x")
        files = [path for path in out.rglob("*") if path.is_file()]
        print(f"{len(files)} files, {sum(path.stat().st_size for path in files)} bytes")


if __name__ == "__main__":
    main()
