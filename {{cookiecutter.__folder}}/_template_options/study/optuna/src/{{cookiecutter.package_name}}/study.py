"""An Optuna study: what is suggested, what has come of it, and which trial is given up early."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from .params import Choice, Range
from .trials import Best, Space, Trial, Value, best_of, rounded

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


def journal(folder: str | Path) -> JournalStorage:
    """Keep a study in a file; on a slow disk Optuna's SQLite takes ten times as long."""
    return JournalStorage(JournalFileBackend(str(Path(folder) / "study.log")))


def open_study(storage: BaseStorage, name: str = "search") -> optuna.Study:
    """Open a study, or make it: after five trials those worse than their median are given up."""
    keep_quiet()
    return optuna.create_study(
        storage=storage,
        study_name=name,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=3),
        load_if_exists=True,
    )


def keep_quiet() -> None:
    """Keep Optuna's log off the screen, in every process that has one."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def missing_draws(study: optuna.Study, trials: int) -> list[int]:
    """Return the numbers of the draws to try; a killed search of several at once leaves gaps."""
    tried = {trial.user_attrs.get("draw") for trial in finished(study)}
    untried = [draw for draw in range(trials) if draw not in tried]
    return untried[: max(0, trials - len(finished(study)))]


def forget_interrupted(study: optuna.Study) -> None:
    """Fail the trials that still run in a study whose process has ended."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)


def suggest(
    trial: optuna.Trial, spaces: Mapping[str, Space], draw: int
) -> tuple[str, dict[str, Value]]:
    """Choose a model, if there are several, and then values for what its own space holds.

    What is random in it is what the sampler's seed says for this `draw`.
    """
    trial.set_user_attr("draw", draw)
    names = list(spaces)
    model = names[0] if len(names) == 1 else trial.suggest_categorical("model", names)
    for name, dimension in spaces[model].items():
        _suggest(trial, f"{model}.{name}", dimension)
    return model, _values(trial.params, model, spaces[model])


def is_worse_than_the_median(trial: optuna.Trial, step: int, loss: float) -> bool:
    """Report the `loss` of `trial` at `step` to the study, and say whether to give it up."""
    trial.report(loss, step)
    return trial.should_prune()


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that came to an end, in their order."""
    return study.get_trials(deepcopy=False, states=FINISHED)


def best_so_far(study: optuna.Study) -> dict[str, str]:
    """Return what a progress bar says of the trials."""
    losses = [trial.value for trial in finished(study) if trial.value is not None]
    return {"best_loss": f"{min(losses):.4f}"} if losses else {}


def result(study: optuna.Study, spaces: Mapping[str, Space]) -> Best:
    """Return the best trial and all others; if none came to its end, raise `UserError`."""
    tried = finished(study)
    trials = [_trial(number, trial, spaces) for number, trial in enumerate(tried, 1)]
    return best_of(trials, tried[-1].user_attrs.get("reason", "pruned"))


def _suggest(trial: optuna.Trial, name: str, dimension: Range | Choice) -> None:
    if isinstance(dimension, Choice):
        trial.suggest_categorical(name, list(_labels(dimension)))
    elif dimension.kind == "integer":
        trial.suggest_int(name, math.ceil(dimension.low), math.floor(dimension.high))
    else:
        log = dimension.kind == "log_uniform"
        trial.suggest_float(name, dimension.low, dimension.high, log=log)


def _values(suggested: Mapping[str, object], model: str, space: Space) -> dict[str, Value]:
    """Turn what Optuna keeps into what a model takes."""
    return {
        name: _value(suggested[f"{model}.{name}"], dimension) for name, dimension in space.items()
    }


def _value(suggested: object, dimension: Range | Choice) -> Value:
    if isinstance(dimension, Choice):
        return _labels(dimension)[str(suggested)]
    if isinstance(suggested, float):
        return rounded(suggested, dimension)
    assert isinstance(suggested, int)  # noqa: S101
    return suggested


def _labels(choice: Choice) -> dict[str, Value]:
    """Optuna's file keeps plain values only: a tuple is told by its text."""
    return {json.dumps(value): value for value in choice.values}


def _trial(number: int, trial: FrozenTrial, spaces: Mapping[str, Space]) -> Trial:
    model = trial.params.get("model", next(iter(spaces)))
    last = trial.intermediate_values.get(max(trial.intermediate_values, default=0))
    return Trial(
        number=number,
        model=model,
        values=_values(trial.params, model, spaces[model]),
        loss=trial.value if trial.state == TrialState.COMPLETE else last,
        state=trial.state.name.lower(),
        seconds=trial.duration.total_seconds() if trial.duration else 0.0,
    )
