"""The tuners beside one another, and beside Optuna alone: a budget of trials, and what it costs.

`python bench/tuning.py` renders and installs a project for each choice of `tuner` in `.try/`. With
the same data, seed, space and budget it searches, trains with the best values and reports the loss
and accuracy on the validation split; then it times a search whose trials cost nothing.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
OVERHEAD = Path(__file__).parent / "loops/overhead.py"
CHEAP_TRIALS = 20
AWAY = ("WANDB_API_KEY", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")
sys.path.insert(0, str(ROOT / "tools"))


def main() -> None:
    """Print one line a tuner."""
    source = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tuners", nargs="+", default=source["tuner"], choices=source["tuner"])
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3, help="of the search that costs nothing")
    options = parser.parse_args()
    projects = {tuner: prepared(tuner) for tuner in options.tuners}
    idle = overheads(projects, options.rounds)
    print("| tuner | validation loss | accuracy | pruned | seconds of the search | seconds a trial of its own | relative to Optuna alone | environment, MB |")  # noqa: E501  # fmt: skip
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for tuner, project in projects.items():
        found = searched(project, options.trials)
        ratio = idle[tuner] / idle["plain"] if "plain" in idle else float("nan")
        print(
            f"| {tuner} | {found['loss']:.4f} | {found['accuracy']:.4f} | {found['pruned']} "
            f"| {found['seconds']:.0f} | {idle[tuner]:.3f} | {ratio:.1f} | {size(project)} |",
            flush=True,
        )


def prepared(tuner: str) -> Path:
    """Render and install a project, and make its splits."""
    attempt = import_module("try")
    project: Path = attempt.renew([f"tuner={tuner}", f"project_name=Bench {tuner}"])
    setup = ["make", "--silent", "setup"]
    subprocess.run(setup, cwd=project, env=attempt.environment(), check=True, stdout=sys.stderr)
    for step in ("ingest", "validate", "prepare"):
        run(project, "-m", package(project), step)
    return project


def searched(project: Path, trials: int) -> dict[str, float]:
    """Search with `make tune`'s own step, train with what it found, and return the figures."""
    subprocess.run(["rm", "-rf", ".cache/tuning"], cwd=project, check=True)
    began = time.perf_counter()
    run(project, "-m", package(project), "tune", "--model", "mlp", "--trials", str(trials))
    seconds = time.perf_counter() - began
    best = "reports/tuning/best.yaml"
    run(project, "-m", package(project), "train", "--model", "mlp", "--params", best)
    figures: dict[str, float] = json.loads((project / "reports/mlp/validation.json").read_text())
    with (project / "reports/tuning/trials.csv").open(encoding="utf-8") as file:
        pruned = sum(row["state"] == "pruned" for row in csv.DictReader(file))
    return figures | {"seconds": seconds, "pruned": pruned}


def overheads(projects: dict[str, Path], rounds: int) -> dict[str, float]:
    """Return the median seconds a trial that costs nothing; the tuners take turns."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for tuner, project in projects.items():
            words = (OVERHEAD, package(project), str(CHEAP_TRIALS))
            found.setdefault(tuner, []).append(float(run(project, *words).split()[-1]))
            if tuner == "optuna":
                alone = run(project, *words, "plain")
                found.setdefault("plain", []).append(float(alone.split()[-1]))
    return {tuner: median(seconds) for tuner, seconds in found.items()}


def package(project: Path) -> str:
    """Return the name of the project's package."""
    (path,) = (project / "src").glob("*/__main__.py")
    return path.parent.name


def size(project: Path) -> int:
    """Return the MB of what is installed, without bytecode."""
    files = (path for path in (project / ".venv/lib").rglob("*") if path.suffix != ".pyc")
    return sum(path.stat().st_size for path in files if path.is_file()) // 10**6


def run(project: Path, *words: str | Path) -> str:
    """Run Python in the project's environment, and return what it printed."""
    environment = {name: text for name, text in os.environ.items() if name not in AWAY}
    command = [str(project / ".venv/bin/python"), *map(str, words)]
    result = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{result.stdout}{result.stderr}")
    return result.stdout


if __name__ == "__main__":
    main()
