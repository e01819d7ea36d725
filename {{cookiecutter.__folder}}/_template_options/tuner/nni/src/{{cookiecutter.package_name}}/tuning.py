"""Search hyperparameters with NNI: its manager runs the trials, and files in a folder keep them."""

import json
import logging
import os
import pickle
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import cloudpickle
import nni
import psutil
from nni.experiment import Experiment, launcher
from nni.experiment.config import CustomAlgorithmConfig
from nni.experiment.experiment import RunMode
from nni.runtime.log import stop_experiment_logging
from tqdm import tqdm

from .artifacts import atomic, write_json
from .errors import UserError
from .searching import trial
from .searching.ledger import Ledger
from .searching.space import search_space
from .searching.suggester import Suggester
from .trials import Best, Objective, Space, alone, best_of

nni.silence_stdout()
_logger = logging.getLogger(__name__)


def search(  # noqa: PLR0913, PLR0917
    objective: Objective,
    spaces: Mapping[str, Space],
    trials: int,
    seed: int,
    folder: str | Path,
    parallel: int = 1,
) -> Best:
    """Try values from `spaces` until `trials` trials have finished, and return the best.

    `objective` gets a model's name, values from its space and a `report` of (step, loss), which
    raises `Pruned` when the trial is worse than the median of the others at that step; it may also
    raise `Pruned` itself. A loss that is no number counts as pruned. With more than one model, the
    model is chosen too.

    `parallel` trials run at once, each in a process of its own. The trials lie in `folder`. A
    search that was killed keeps the finished ones and repeats those that were running; with one
    trial at a time its result is that of an undisturbed search. Any other exception of `objective`
    ends the search in the same way, as a `UserError` with its text. Raises `UserError` too while
    another search runs in `folder`, and when no trial came to its end.
    """
    ledger = Ledger(Path(folder).resolve())
    with alone(ledger.folder):
        done = ledger.finished()
        with tqdm(total=trials, desc="trials", initial=done, disable=None) as bar:
            if done < trials:
                _end_leftovers(ledger.folder)
                ledger.forget_failure()
                _write_job(ledger.folder, objective, spaces)
                with _environment(ledger.folder):
                    experiment = _experiment(ledger, spaces, trials - done, seed, parallel)
                    with _running(experiment):
                        _wait(experiment, ledger, trials, bar)
                for line in ledger.take_warnings():
                    _logger.warning(line)
        outcomes = ledger.outcomes()
        return best_of([outcome.trial for outcome in outcomes], outcomes[-1].reason or "pruned")


def _experiment(
    ledger: Ledger, spaces: Mapping[str, Space], trials: int, seed: int, parallel: int
) -> Experiment:
    """Describe the rest of the search to NNI; what it calls an experiment is one call of ours."""
    experiment = Experiment("local")
    config = experiment.config
    config.experiment_working_directory = _working_directory(ledger.folder)
    config.search_space = search_space(spaces)
    config.tuner = CustomAlgorithmConfig(
        class_name=f"{Suggester.__module__}.{Suggester.__name__}",
        code_directory=ledger.folder,
        class_args={"folder": str(ledger.folder), "seed": seed},
    )
    # A shell runs this; without `exec` NNI would interrupt the shell and not the trial.
    config.trial_command = f"exec {shlex.join(_trial_command(ledger.folder))}"
    config.trial_code_directory = Path.cwd()
    config.max_trial_number = trials
    config.trial_concurrency = parallel
    return experiment


def _working_directory(folder: Path) -> Path:
    return folder / "nni-experiments"


def _trial_command(folder: Path) -> list[str]:
    return [sys.executable, "-m", trial.__name__, str(folder)]


def _write_job(folder: Path, objective: Objective, spaces: Mapping[str, Space]) -> None:
    """Leave the objective to the trials; cloudpickle also takes one of the main module."""
    job = cloudpickle.dumps((objective, dict(spaces)))
    with atomic(folder / "job.pkl") as temporary:
        temporary.write_bytes(pickle.dumps((sys.path, job)))


class _Unlisted:
    """Stands where NNI would enter the experiment in a list in the home folder."""

    def add_experiment(self, *_: object, **__: object) -> None:
        """Enter nothing: the manager finds its list among the search's own files."""


@contextmanager
def _running(experiment: Experiment) -> Iterator[None]:
    """Start NNI's manager, and end it with all that it runs, whatever happens inside."""
    working = Path(experiment.config.experiment_working_directory)
    write_json(working / ".experiment", {experiment.id: {}})
    launcher.Experiments = _Unlisted
    try:
        experiment.start(_free_port(), run_mode=RunMode.Detach)
    except (OSError, RuntimeError) as error:
        raise UserError(f"NNI does not start, see {working}: {error}") from error
    try:
        yield
    finally:
        _end(experiment)


@contextmanager
def _environment(folder: Path) -> Iterator[None]:
    """Set what NNI and its manager read, and keep calls on this machine off any proxy."""
    preload = Path(trial.__file__).with_name("manager.cjs")
    direct = [os.environ.get("no_proxy"), os.environ.get("NO_PROXY"), "localhost"]
    ours = {
        "NODE_OPTIONS": f"--require={json.dumps(str(preload), ensure_ascii=False)}",
        "NNI_SEARCH_PID": str(os.getpid()),
        "NNI_CONFIG_DIR": str(_working_directory(folder)),
        "no_proxy": ",".join(filter(None, direct)),
        "NO_PROXY": ",".join(filter(None, direct)),
    }
    before = {name: os.environ[name] for name in ours if name in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(experiment: Experiment, ledger: Ledger, trials: int, bar: tqdm) -> None:
    """Count trials as they end; raise `UserError` when one failed, or NNI itself."""
    seen = ledger.finished()
    while seen < trials:
        time.sleep(0.2)
        if (done := ledger.finished()) > seen:
            bar.set_postfix(_best_so_far(ledger), refresh=False)
            bar.update(done - seen)
            seen = done
        elif failure := ledger.failure():
            raise UserError(f"{failure}; its output lies in {_working_directory(ledger.folder)}")
        elif not _is_well(experiment):
            raise UserError(f"NNI broke down, see {_working_directory(ledger.folder)}")


def _best_so_far(ledger: Ledger) -> dict[str, str]:
    trials = [outcome.trial for outcome in ledger.outcomes()]
    losses = [t.loss for t in trials if t.state == "complete" and t.loss is not None]
    return {"best_loss": f"{min(losses):.4f}"} if losses else {}


def _is_well(experiment: Experiment) -> bool:
    try:
        return bool(experiment.get_status() != "ERROR")
    except OSError:  # there is no manager any more
        return False


def _end(experiment: Experiment) -> None:
    """Interrupt the manager's group: trials close their runs, and the manager waits for them."""
    manager = experiment._proc
    with suppress(ProcessLookupError):
        os.killpg(manager.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        manager.wait(15)
    with suppress(ProcessLookupError):
        os.killpg(manager.pid, signal.SIGKILL)
    stop_experiment_logging(experiment.id)


def _end_leftovers(folder: Path) -> None:
    """Wait for the processes of a search that was killed: they end by themselves, or are ended."""
    ours = {str(_working_directory(folder))}, {trial.__name__, str(folder)}
    left = [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(words <= set(process.info["cmdline"] or []) for words in ours)
    ]
    for process in psutil.wait_procs(left, timeout=8)[1]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
