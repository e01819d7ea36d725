"""Search hyperparameters with Optuna: a study on disk that goes on where it was interrupted."""

import json
import math
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState
from tqdm import tqdm

from .errors import UserError
from .params import Choice, Range

Value = str | int | float | tuple[int, ...]
Report = Callable[[int, float], None]
Objective = Callable[[dict[str, Value], Report], float]

Pruned = optuna.TrialPruned


@dataclass(frozen=True)
class Trial:
    """One try; the `loss` of a pruned one is the last that it reported, if any."""

    number: int
    values: dict[str, Value]
    loss: float | None
    state: str
    seconds: float


@dataclass(frozen=True)
class Best:
    """The values with the lowest loss, and every finished trial, in their order."""

    values: dict[str, Value]
    loss: float
    trials: tuple[Trial, ...]


def search(
    objective: Objective,
    space: Mapping[str, Range | Choice],
    trials: int,
    seed: int,
    folder: str | Path,
) -> Best:
    """Try values from `space` until `trials` trials have finished, and return the best.

    `objective` gets the values and a `report` of (step, loss), which raises `Pruned` when the
    trial is worse than the median of the others at that step; it may also raise `Pruned` itself.
    A loss that is no number counts as pruned.

    The study lies in `folder`. A search that was killed keeps its finished trials and repeats the
    one that was running; its result is that of an undisturbed search. Any other exception of
    `objective` ends the search in the same way.
    """
    with _alone(Path(folder)):
        study = _open(Path(folder) / "study.log")
        with tqdm(total=trials, desc="trials", initial=_finished(study), disable=None) as bar:
            while (done := _finished(study)) < trials:
                # The seed follows from the trials alone, so an interruption changes no value.
                study.sampler = optuna.samplers.TPESampler(seed=seed + done)
                study.optimize(lambda trial: _attempt(trial, objective, space), n_trials=1)
                bar.update()
                bar.set_postfix(_best_so_far(study))
        return _best(study, space)


def _attempt(
    trial: optuna.Trial, objective: Objective, space: Mapping[str, Range | Choice]
) -> float:
    def report(step: int, loss: float) -> None:
        trial.report(loss, step)
        if trial.should_prune():
            raise Pruned(f"worse than the median at step {step}")

    for name, dimension in space.items():
        _suggest(trial, name, dimension)
    try:
        return _finite(objective(_values(trial.params, space), report))
    except Pruned as stop:
        trial.set_user_attr("reason", str(stop))
        raise


def _finite(loss: float) -> float:
    if not math.isfinite(loss):
        raise Pruned("its loss is no number")
    return loss


def _suggest(trial: optuna.Trial, name: str, dimension: Range | Choice) -> None:
    if isinstance(dimension, Choice):
        trial.suggest_categorical(name, list(_labels(dimension)))
    elif dimension.kind == "integer":
        trial.suggest_int(name, math.ceil(dimension.low), math.floor(dimension.high))
    else:
        log = dimension.kind == "log_uniform"
        trial.suggest_float(name, dimension.low, dimension.high, log=log)


def _values(
    suggested: Mapping[str, str | int | float], space: Mapping[str, Range | Choice]
) -> dict[str, Value]:
    """Turn what Optuna suggested into what a model takes: of a float, four digits are enough."""
    values: dict[str, Value] = {}
    for name, dimension in space.items():
        value = suggested[name]
        if isinstance(dimension, Choice):
            values[name] = _labels(dimension)[str(value)]
        elif isinstance(value, float):
            values[name] = min(max(float(f"{value:.4g}"), dimension.low), dimension.high)
        else:
            values[name] = value
    return values


def _labels(choice: Choice) -> dict[str, Value]:
    """Optuna's file keeps plain values only: a tuple is told by its text."""
    return {json.dumps(value): value for value in choice.values}


def _open(path: Path) -> optuna.Study:
    """Open the journal; on a slow disk Optuna's SQLite takes ten times as long."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(path))),
        study_name="search",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=3),
        load_if_exists=True,
    )
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    return study


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second search out: it would take this one's running trial for an interrupted one.

    The lock is SQLite's own and ends with the process, however that ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = sqlite3.connect(folder / "lock.db", timeout=0, isolation_level=None)
    try:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise UserError(f"another search runs in {folder}: wait for it ({error})") from None
        yield
    finally:
        lock.close()


def _trials(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def _finished(study: optuna.Study) -> int:
    return len(_trials(study))


def _best_so_far(study: optuna.Study) -> dict[str, str]:
    losses = [trial.value for trial in _trials(study) if trial.value is not None]
    return {"best_loss": f"{min(losses):.4f}"} if losses else {}


def _best(study: optuna.Study, space: Mapping[str, Range | Choice]) -> Best:
    tried = _trials(study)
    trials = tuple(
        _trial(number, trial, _values(trial.params, space)) for number, trial in enumerate(tried, 1)
    )
    losses = {
        trial.number: trial.loss
        for trial in trials
        if trial.state == "complete" and trial.loss is not None
    }
    if not losses:
        reason = tried[-1].user_attrs.get("reason", "pruned")
        raise UserError(f"none of {len(tried)} trials came to its end; the last one: {reason}")
    best = min(losses, key=losses.__getitem__)
    return Best(trials[best - 1].values, losses[best], trials)


def _trial(number: int, trial: FrozenTrial, values: dict[str, Value]) -> Trial:
    last = trial.intermediate_values.get(max(trial.intermediate_values, default=0))
    return Trial(
        number=number,
        values=values,
        loss=trial.value if trial.state == TrialState.COMPLETE else last,
        state=trial.state.name.lower(),
        seconds=trial.duration.total_seconds() if trial.duration else 0.0,
    )
