"""Trials on Ray: this machine as a cluster of one, or a cluster that runs already.

Ray Tune places and runs the trials. What they try comes from an Optuna study, which lies in the
search's folder and is asked through one actor. A trial that is not worth its time ends itself:
one that a scheduler of Ray ended from outside would leave its tracked run open.
"""

import atexit
import logging
import math
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import optuna
import psutil
import ray
from ray import tune
from ray.exceptions import RuntimeEnvSetupError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
from tqdm import tqdm

from .errors import UserError
from .study import (
    best_so_far,
    finished,
    is_worse_than_the_median,
    journal,
    missing_draws,
    open_study,
    suggest,
)
from .trials import Objective, Pruned, Space, Value

# What a cluster's machines get of the project's folder, beside the package.
_SENT = "data/prepared"


class Cluster:
    """Where trials run: the cluster at `address`, or without one this machine."""

    def __init__(self, address: str | None, parallel: int) -> None:
        """Connect, or start Ray on this machine until this process ends.

        Raises `UserError` when nothing answers at `address`.
        """
        self._parallel = parallel
        # A cluster's machines get the project's folder from Ray; here it is where it is.
        self._folder = "." if address else str(Path.cwd())
        # What ends a search is raised, and need not be printed as well.
        logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
        if not ray.is_initialized():
            _join(address) if address else _start(parallel)

    def run(
        self,
        objective: Objective,
        spaces: Mapping[str, Space],
        missing: int,
        seed: int,
        folder: str | Path,
    ) -> None:
        """Run `missing` trials of the study in `folder`; their results are in that study.

        Raises `UserError` if the objective raised one, else Ray's error with its traceback.
        """
        study = open_study(journal(folder))
        done = len(finished(study))
        with (
            _actor(folder, spaces, seed, done + missing) as actor,
            tqdm(total=done + missing, desc="trials", initial=done, disable=None) as bar,
        ):
            results = tune.Tuner(
                tune.with_resources(
                    partial(_attempt, objective, actor, self._folder), self._resources()
                ),
                tune_config=tune.TuneConfig(
                    num_samples=missing, max_concurrent_trials=self._parallel, reuse_actors=True
                ),
                run_config=tune.RunConfig(
                    storage_path=scratch(),
                    callbacks=[_Progress(bar, study)],
                    failure_config=tune.FailureConfig(fail_fast=True),
                    verbose=0,
                ),
            ).fit()
        if results.errors:
            raise _cause(results.errors[0])

    @property
    def gpus(self) -> float:
        """Return how many GPUs the cluster has."""
        found: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        return found.get("GPU", 0.0)

    def _resources(self) -> dict[str, float]:
        """Give each trial a core, and its share of the GPUs, which Ray else hides from it."""
        return {"cpu": 1.0, "gpu": min(1.0, self.gpus / self._parallel)}


class _Study:
    """The study of one search, for trials in other processes and on other machines."""

    def __init__(self, folder: Path, spaces: Mapping[str, Space], seed: int, trials: int) -> None:
        self._study = open_study(journal(folder))
        self._spaces = spaces
        self._seed = seed
        self._draws = iter(missing_draws(self._study, trials))
        self._asked: dict[int, optuna.Trial] = {}

    def ask(self) -> tuple[int, str, dict[str, Value]]:
        # The seed follows from the draw alone, so an interruption changes no value.
        draw = next(self._draws)
        self._study.sampler = optuna.samplers.TPESampler(seed=self._seed + draw)
        trial = self._study.ask()
        self._asked[trial.number] = trial
        return trial.number, *suggest(trial, self._spaces, draw)

    def is_hopeless(self, number: int, step: int, loss: float) -> bool:
        return is_worse_than_the_median(self._asked[number], step, loss)

    def tell(self, number: int, loss: float, reason: str) -> None:
        if math.isfinite(loss):
            self._study.tell(number, loss)
        else:
            self._asked[number].set_user_attr("reason", reason)
            self._study.tell(number, state=optuna.trial.TrialState.PRUNED)


class _Progress(tune.Callback):
    """Move a bar to the number of finished trials whenever Ray Tune has ended one."""

    def __init__(self, bar: "tqdm[Any]", study: optuna.Study) -> None:
        self._bar = bar
        self._study = study

    def on_trial_complete(self, *_: object, **__: object) -> None:
        self._bar.update(len(finished(self._study)) - self._bar.n)
        self._bar.set_postfix(best_so_far(self._study))


def _attempt(objective: Objective, study: Any, folder: str, _: dict[str, Any]) -> None:  # noqa: ANN401
    """Run one trial, in a process of Ray's."""
    number, model, values = ray.get(study.ask.remote())

    def report(step: int, loss: float) -> None:
        if ray.get(study.is_hopeless.remote(number, step, loss)):
            raise Pruned(f"worse than the median at step {step}")

    reason = "its loss is no number"
    with chdir(folder):
        try:
            loss = objective(model, values, report)
        except Pruned as stop:
            loss, reason = math.nan, str(stop)
    ray.get(study.tell.remote(number, loss, reason))
    tune.report({"loss": loss})


@contextmanager
def _actor(
    folder: str | Path, spaces: Mapping[str, Space], seed: int, trials: int
) -> Iterator[Any]:
    """Keep the study in one process of this machine, where its folder is."""
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor_class: Any = ray.remote(_Study)
    placed = actor_class.options(num_cpus=0, scheduling_strategy=here)
    actor = placed.remote(Path(folder).resolve(), spaces, seed, trials)
    try:
        yield actor
    finally:
        ray.kill(actor)


def _join(address: str) -> None:
    runtime = {
        "working_dir": _staged(),
        "py_modules": [str(Path(__file__).parent)],
        "env_vars": {"RAY_CHDIR_TO_TRIAL_DIR": "0"},
    }
    _knock(address)
    try:
        ray.init(address, runtime_env=runtime, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError, RuntimeEnvSetupError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"could not join the cluster at RAY_ADDRESS={address}: {reason}") from None


def _staged() -> str:
    """Copy what is sent: of the folder itself Ray takes all that git does not ignore."""
    folder = scratch()
    if Path(_SENT).is_dir():
        shutil.copytree(_SENT, Path(folder) / _SENT)
    return folder


def _knock(address: str) -> None:
    """Raise `UserError` at once where Ray itself would try for minutes."""
    parts = urlsplit(address if "//" in address else f"//{address}")
    if parts.scheme:
        raise UserError(f"RAY_ADDRESS={address}: say host:port, on a machine of the cluster")
    try:
        if parts.hostname and parts.port:
            socket.create_connection((parts.hostname, parts.port), timeout=15).close()
    except OSError as error:
        raise UserError(f"no Ray cluster answers at RAY_ADDRESS={address}: {error}") from None


def _start(parallel: int) -> None:
    ray.init(
        num_cpus=max(parallel, os.cpu_count() or 1),
        include_dashboard=False,
        object_store_memory=100 * 2**20,
        runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join(sys.path)}},
        logging_level=logging.ERROR,
        _temp_dir=_room(),
    )


def scratch() -> str:
    """Make an empty folder, for as long as this process runs."""
    return tempfile.mkdtemp(dir=_room())


@cache
def _room() -> str:
    """Make room for what Ray keeps while it runs; its sockets' names have to be short."""
    place = Path("/tmp" if Path("/tmp").is_dir() else tempfile.gettempdir())  # noqa: S108
    _clear_up(place)
    folder = tempfile.mkdtemp(prefix=f"ray-{os.getpid()}-", dir=place)

    def remove() -> None:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder


def _clear_up(place: Path) -> None:
    """Remove what killed processes have left; the name of each folder says whose it was."""
    for folder in place.glob("ray-*-*"):
        owner = folder.name.split("-")[1]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _cause(error: Exception) -> Exception:
    """Return what the objective raised, if that is an error of the user's."""
    cause = getattr(error, "cause", error)
    return UserError(str(cause)) if isinstance(cause, UserError) else error
