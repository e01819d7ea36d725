"""What NNI starts for each trial: run the objective once, and write down what came of it."""

import logging
import math
import pickle
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import nni
from nni.algorithms.hpo.medianstop_assessor import MedianstopAssessor
from nni.assessor import AssessResult

from ..errors import UserError
from ..trials import Objective, Pruned, Report, Space, Trial
from .ledger import Ledger, Outcome
from .space import model_and_values

FINISHED, STEPS = 5, 3


def main(folder: Path) -> None:
    """Run the trial that NNI names; an exception of the objective ends the whole search."""
    signal.signal(signal.SIGINT, _interrupt)
    ledger = Ledger(folder)
    logging.getLogger().addHandler(ledger.warnings())
    number = nni.get_next_parameter()["number"]
    try:
        outcome = _attempt(ledger, number)
    except Exception as error:
        text = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        ledger.fail(f"trial {number} failed: {text}")
        raise
    if outcome.trial.state == "complete":
        nni.report_final_result(outcome.trial.loss)
    ledger.finish(outcome)


def _interrupt(*_: object) -> None:
    """Leave once, in good order: NNI interrupts a second time while a tracked run is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def _job(folder: Path) -> tuple[Objective, Mapping[str, Space]]:
    """Read the objective, with all modules within reach that its search could import."""
    paths, job = pickle.loads((folder / "job.pkl").read_bytes())  # noqa: S301 - the search wrote it
    sys.path[:] = paths
    objective, spaces = pickle.loads(job)  # noqa: S301
    return objective, spaces


def _attempt(ledger: Ledger, number: int) -> Outcome:
    objective, spaces = _job(ledger.folder)
    parameters = ledger.suggestion(number) or {}
    model, values = model_and_values(parameters, spaces)
    curve: list[float] = []
    report = _reporting(curve, ledger.outcomes())
    started = time.perf_counter()
    loss: float | None
    try:
        loss, state, reason = _finite(objective(model, values, report)), "complete", ""
    except Pruned as stop:
        loss, state, reason = curve[-1] if curve else None, "pruned", str(stop)
    trial = Trial(number, model, values, loss, state, time.perf_counter() - started)
    return Outcome(trial, parameters, tuple(curve), reason)


def _reporting(curve: list[float], outcomes: Sequence[Outcome]) -> Report:
    """Give up a trial as NNI's median rule does; NNI itself would kill it, some steps later."""
    rivals = _rivals(outcomes)

    def report(step: int, loss: float) -> None:
        curve.append(_finite(loss))
        nni.report_intermediate_result(loss)
        if rivals and rivals.assess_trial("this", curve) is AssessResult.Bad:
            raise Pruned(f"worse than the median at step {step}")

    return report


def _finite(loss: float) -> float:
    if not math.isfinite(loss):
        raise Pruned("its loss is no number")
    return float(loss)


def _rivals(outcomes: Sequence[Outcome]) -> MedianstopAssessor | None:
    """Tell the median rule of the trials that came to their end, once they are enough."""
    complete = [outcome for outcome in outcomes if outcome.trial.state == "complete"]
    if len(complete) < FINISHED:
        return None
    rivals = MedianstopAssessor("minimize", start_step=STEPS)
    for outcome in complete:
        if len(outcome.curve) >= STEPS:
            name = str(outcome.trial.number)
            rivals.assess_trial(name, outcome.curve)
            rivals.trial_end(name, success=True)
    return rivals


if __name__ == "__main__":
    main(Path(sys.argv[1]))
