"""Write Neptune's runs as offline runs of Weights & Biases, below `.cache/runs/wandb`."""

import json
import os
import re
import shutil
from collections import defaultdict
from pathlib import Path

# Read when wandb is imported: an offline run, too, would report to its makers.
os.environ["WANDB_ERROR_REPORTING"] = "false"

import wandb

from .runs import KeptRun

RUNS = Path(".cache/runs")
_MARK = "neptune.json"


def is_there(run: KeptRun) -> bool:
    """Say whether all of the run was written before; one that went on since was not."""
    marks = [folder / _MARK for folder in _folders(run)]
    whole = [json.loads(mark.read_text())["operations"] for mark in marks if mark.exists()]
    return run.operations in whole


def write(run: KeptRun) -> None:
    """Write the run, in place of what was written of it before."""
    for folder in _folders(run):
        shutil.rmtree(folder)
    opened = _open(run)
    for step, row in sorted(_rows(run).items()):
        opened.log(row, step=step)
    for name, files in run.artifacts.items():
        artifact = wandb.Artifact(f"{_plain(name)}-{run.id[:8]}", type="result")
        for place, file in files.items():
            artifact.add_file(str(file), name=place)
        opened.log_artifact(artifact)
    opened.finish(exit_code=0 if run.status == "finished" else 1)
    [folder] = _folders(run)
    (folder / _MARK).write_text(json.dumps({"run": run.id, "operations": run.operations}))


def _open(run: KeptRun) -> wandb.Run:
    # W&B puts its caches into the home folder unless it is told otherwise.
    for name in ("WANDB_CACHE_DIR", "WANDB_DATA_DIR"):
        os.environ[name] = str(Path(".cache/wandb").resolve())
    RUNS.mkdir(parents=True, exist_ok=True)
    return wandb.init(
        mode="offline",
        dir=str(RUNS.resolve()),
        project=__name__.partition(".")[0],
        id=run.id,
        name=run.name,
        job_type=run.job,
        config=dict(run.params),
        tags=[tag[:64] for tag in run.tags if tag],
        reinit="create_new",
        settings=wandb.Settings(
            console="off",
            silent=True,
            disable_code=True,
            disable_git=True,
            x_disable_machine_info=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_save_requirements=False,
        ),
    )


def _rows(run: KeptRun) -> dict[int, dict[str, float]]:
    """Sort the points by step: W&B takes a step once, with all its metrics, and never goes back."""
    rows: dict[int, dict[str, float]] = defaultdict(dict)
    for name, points in run.curves.items():
        for point in points:
            rows[point.step] |= {name: point.value, "_timestamp": point.at}
    return rows


def _folders(run: KeptRun) -> list[Path]:
    return list((RUNS / "wandb").glob(f"offline-run-*-{run.id}"))


def _plain(name: str) -> str:
    """Keep what W&B allows in the name of an artifact."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name)[:100]
