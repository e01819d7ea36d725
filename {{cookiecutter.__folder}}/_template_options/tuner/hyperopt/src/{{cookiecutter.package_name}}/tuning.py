"""Search hyperparameters with Hyperopt: its tree of Parzen estimators is asked before each trial.

Hyperopt's own loop, `fmin`, runs no trials in processes and gives none up early: this is another.
"""

import math
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from hyperopt import STATUS_FAIL, STATUS_OK, Trials, hp, space_eval, tpe, trials_from_docs
from hyperopt.base import JOB_STATE_DONE, Domain
from hyperopt.pyll import Apply
from tqdm import tqdm

from .history import Record, append, is_worse_than_the_median, open_history, read_history
from .params import Choice, Range
from .processes import run_at_once
from .trials import Best, Objective, Pruned, Report, Space, Trial, Value, alone, best_of, rounded

# By default the first twenty trials are random ones, which may be the whole search.
_ask = partial(tpe.suggest, n_startup_jobs=10, verbose=False)


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

    `parallel` trials run at once, each in a process of its own. Finished trials lie in `folder`. A
    search that was killed keeps them and repeats the ones that were running; with one trial at a
    time its result is that of an undisturbed search. Any other exception of `objective` ends the
    search in the same way. Raises `UserError` while another search runs in `folder`, and when no
    trial came to its end.
    """
    with alone(folder):
        history = open_history(folder)
        tasks = [(objective, spaces, seed, draw, folder) for draw in _missing(history, trials)]
        with tqdm(total=trials, desc="trials", initial=len(history), disable=None) as bar:
            for record in run_at_once(_attempt, tasks, parallel):
                append(folder, record)
                history.append(record)
                bar.update()
                bar.set_postfix(_best_so_far(history))
    return _result(history, spaces)


def _missing(history: Sequence[Record], trials: int) -> list[int]:
    """Return the draws to try; a killed search of several at once leaves gaps."""
    tried = {record.draw for record in history}
    untried = [draw for draw in range(trials) if draw not in tried]
    return untried[: max(0, trials - len(history))]


def _attempt(
    objective: Objective, spaces: Mapping[str, Space], seed: int, draw: int, folder: str | Path
) -> Record:
    """Ask Hyperopt for values, with what has finished by now, and try them."""
    # The seed follows from the draw alone, so an interruption changes no value.
    of_draw = int(np.random.default_rng([seed, draw]).integers(2**31))
    vals = _suggest(_space(spaces), read_history(folder), of_draw)
    curve: list[tuple[int, float]] = []

    def report(step: int, loss: float) -> None:
        if not math.isfinite(loss):
            raise Pruned(f"its loss is no number at step {step}")
        curve.append((step, loss))
        if is_worse_than_the_median(curve, read_history(folder)):
            raise Pruned(f"worse than the median at step {step}")

    start = time.monotonic()
    loss, reason = _loss(objective, *_chosen(spaces, vals), report)
    seconds = time.monotonic() - start
    return Record(draw=draw, vals=vals, curve=curve, loss=loss, reason=reason, seconds=seconds)


def _loss(
    objective: Objective, model: str, values: dict[str, Value], report: Report
) -> tuple[float | None, str]:
    try:
        loss = objective(model, values, report)
    except Pruned as stop:
        return None, str(stop)
    return (loss, "") if math.isfinite(loss) else (None, "its loss is no number")


def _space(spaces: Mapping[str, Space]) -> Apply:
    """Write `spaces` as Hyperopt does: a choice of models, each with its own dimensions."""
    models = [
        (model, {name: _dimension(f"{model}.{name}", kind) for name, kind in space.items()})
        for model, space in spaces.items()
    ]
    return hp.choice("model", models)


def _dimension(label: str, dimension: Range | Choice) -> Apply:
    if isinstance(dimension, Choice):
        return hp.choice(label, list(dimension.values))
    low, high = dimension.low, dimension.high
    if dimension.kind == "integer":
        # Hyperopt rounds: without the halves, the bounds would come up half as often as the rest.
        return hp.uniformint(label, math.ceil(low) - 0.5, math.floor(high) + 0.5)
    if dimension.kind == "log_uniform":
        return hp.loguniform(label, math.log(low), math.log(high))
    return hp.uniform(label, low, high)


def _suggest(space: Apply, history: Sequence[Record], seed: int) -> dict[str, list[int | float]]:
    domain = Domain(fn=None, expr=space)
    [suggestion] = _ask([len(history)], domain, _told(history, domain), seed)
    return {name: np.asarray(found).tolist() for name, found in suggestion["misc"]["vals"].items()}


def _told(history: Sequence[Record], domain: Domain) -> Trials:
    """Return what Hyperopt shall know; it numbers trials in the order in which they finished."""
    numbers = list(range(len(history)))
    miscs = [_misc(number, record, domain) for number, record in enumerate(history)]
    outcomes = [_outcome(record) for record in history]
    trials = Trials().new_trial_docs(numbers, [None for _ in history], outcomes, miscs)
    return trials_from_docs([{**trial, "state": JOB_STATE_DONE} for trial in trials])


def _misc(number: int, record: Record, domain: Domain) -> dict[str, object]:
    places = {name: [number for _ in found] for name, found in record.vals.items()}
    return {"tid": number, "cmd": domain.cmd, "idxs": places, "vals": record.vals}


def _outcome(record: Record) -> dict[str, object]:
    """Say that a trial which was given up has failed: a loss from before must attract no other."""
    if record.loss is None:
        return {"status": STATUS_FAIL}
    return {"status": STATUS_OK, "loss": record.loss}


def _chosen(
    spaces: Mapping[str, Space], vals: Mapping[str, list[int | float]]
) -> tuple[str, dict[str, Value]]:
    """Turn what Hyperopt keeps into a model and what it takes."""
    point = {name: found[0] for name, found in vals.items() if found}
    model, values = space_eval(_space(spaces), point)
    space = spaces[model]
    return model, {name: _value(values[name], dimension) for name, dimension in space.items()}


def _value(chosen: Value, dimension: Range | Choice) -> Value:
    if isinstance(dimension, Range) and isinstance(chosen, float):
        return rounded(chosen, dimension)
    return chosen


def _best_so_far(history: Sequence[Record]) -> dict[str, str]:
    losses = [record.loss for record in history if record.loss is not None]
    return {"best_loss": f"{min(losses):.4f}"} if losses else {}


def _result(history: Sequence[Record], spaces: Mapping[str, Space]) -> Best:
    trials = [_trial(number, record, spaces) for number, record in enumerate(history, 1)]
    return best_of(trials, history[-1].reason)


def _trial(number: int, record: Record, spaces: Mapping[str, Space]) -> Trial:
    model, values = _chosen(spaces, record.vals)
    last = record.curve[-1][1] if record.curve else None
    return Trial(
        number=number,
        model=model,
        values=values,
        loss=last if record.loss is None else record.loss,
        state="pruned" if record.loss is None else "complete",
        seconds=record.seconds,
    )
