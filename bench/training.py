"""Training beside loops that people write by hand, and beside Lightning or Keras' `fit`.

    python bench/training.py PROJECT [--rounds 5] [--seeds 10]

PROJECT is a rendered project after `make setup pipeline`. All contenders train the same network
with the same optimizer, batches and one thread, data loading included; each is a process of its
own, and they take turns. Speed: CPU seconds of an epoch over many rows; a ratio is the median of
the rounds' ratios. Time to accuracy: CPU seconds until the validation split reaches 0.98 (or the
epochs of params.yaml end), summed over the seeds; the project writes its checkpoints meanwhile.
The loops lie in bench/loops.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

LOOPS = Path(__file__).resolve().parent / "loops"
CACHE = LOOPS.parent.parent / ".cache/bench"
CONTENDERS = {
    "torch": ("Project", "Hand", "Loader", "Lightning"),
    "tensorflow": ("Project", "Hand", "Loader", "Fit"),
}
LIGHTNING = ["lightning>=2.5", "pytorch-lightning>=2.5", "lightning-utilities", "torchmetrics"]


def main() -> None:
    """Print the tables of speed and of time to accuracy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=20000)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--target", type=float, default=0.98)
    options = parser.parse_args()
    project = options.project.resolve()
    if not (project / "data/validated/rows.parquet").exists():
        sys.exit(f"{project} has no rows: make setup pipeline there first")
    framework = next(name for name in CONTENDERS if list(project.glob(f".venv/lib/*/*/{name}")))
    if framework == "torch":
        bring_lightning(project)
    print("| network | contender | rows a CPU second | project's, to this one | peak MiB |")
    print("|---|---|---:|---:|---:|")
    for model in ("cnn", "mlp"):
        speeds(project, model, CONTENDERS[framework], options.rounds, options.rows)
    reached(project, "cnn", options)


def speeds(project: Path, model: str, contenders: tuple[str, ...], rounds: int, rows: int) -> None:
    """Let the contenders take turns, and print a row for each."""
    words = ["speed", "--model", model, "--rows", str(rows)]
    turns = [{name: timed(project, name, words) for name in contenders} for _ in range(rounds)]
    for name in contenders:
        ratio = statistics.median(t[name]["seconds"] / t["Project"]["seconds"] for t in turns)
        seconds, peak = (
            statistics.median(t[name][key] for t in turns) for key in ("seconds", "mib")
        )
        print(
            f"| {model} | {name} | {rows / seconds:,.0f} | {ratio:.2f} | {peak:.0f} |", flush=True
        )


def reached(project: Path, model: str, options: argparse.Namespace) -> None:
    """Print how long the project and the hand-written loop take to the target, and the ratio."""
    words = ["reach", "--model", model, "--seeds", str(options.seeds)]
    words += ["--target", str(options.target)]
    found = {name: timed(project, name, words) for name in ("Project", "Hand")}
    for name, result in found.items():
        epochs = ", ".join(f"{number:.0f}" for number in result["epochs"])
        print(f"{model}, {name}: {sum(result['seconds']):.2f} CPU s in all; epochs {epochs}")
    total = {name: sum(result["seconds"]) for name, result in found.items()}
    each = {name: total[name] / sum(result["epochs"]) for name, result in found.items()}
    for what, seconds in {f"time to {options.target}": total, "time of an epoch": each}.items():
        print(f"{model}, {what}: {seconds['Project'] / seconds['Hand']:.2f} of the loop's by hand")


def timed(project: Path, contender: str, words: list[str]) -> Any:
    """Run one contender and return what it measured."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"PYTHONPATH": str(CACHE), "TF_CPP_MIN_LOG_LEVEL": "3"}
    result = subprocess.run(
        [str(project / ".venv/bin/python"), str(LOOPS / "clock.py"), contender, *words],
        cwd=project, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if result.returncode:
        sys.exit(f"{contender} failed:\n{result.stdout}{result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])


def bring_lightning(project: Path) -> None:
    """Put Lightning beside the project's packages, which have all else that it needs."""
    if not (CACHE / "lightning").exists():
        python = str(project / ".venv/bin/python")
        command = ["uv", "pip", "install", "--quiet", "--python", python, "--no-deps"]
        subprocess.run([*command, "--target", str(CACHE), *LIGHTNING], check=True)


if __name__ == "__main__":
    main()
