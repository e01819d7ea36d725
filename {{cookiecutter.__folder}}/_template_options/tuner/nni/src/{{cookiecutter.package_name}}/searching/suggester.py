"""What NNI's dispatcher runs: a tuner that knows of each trial what lies on disk."""

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nni
from nni.algorithms.hpo.tpe_tuner import TpeTuner
from nni.tuner import Tuner

from .ledger import Ledger, Outcome


class Suggester(Tuner):  # type: ignore[misc]
    """NNI's TPE, made anew for each trial, so that it follows from seed and finished trials alone.

    That is why a search that was interrupted goes on with the values of an undisturbed one.
    """

    def __init__(self, folder: str, seed: int) -> None:
        self._ledger = Ledger(Path(folder))
        self._seed = seed
        self._space: Mapping[str, Any] = {}
        self._numbers: dict[int, int] = {}

    def update_search_space(self, search_space: Mapping[str, Any]) -> None:
        """Take the space that NNI sends, once, before anything else."""
        self._space = search_space

    def generate_parameters(self, parameter_id: int, **_: object) -> dict[str, Any]:
        """Suggest the next trial: one that was interrupted comes with what it was given then."""
        if self._ledger.failure():
            raise nni.NoMoreTrialError
        outcomes = self._ledger.outcomes()
        taken = {outcome.trial.number for outcome in outcomes} | set(self._numbers.values())
        number = next(number for number in itertools.count(1) if number not in taken)
        parameters = self._ledger.suggestion(number) or self._suggest(number, outcomes)
        self._ledger.suggest(number, parameters)
        self._numbers[parameter_id] = number
        return {"number": number, **parameters}

    def receive_trial_result(self, *_: object, **__: object) -> None:
        """Leave it: a trial writes what came of it, before NNI is told."""

    def trial_end(self, parameter_id: int, success: bool, **_: object) -> None:
        """Say so when a trial could not even say why it ended."""
        if not success:
            self._ledger.fail(f"trial {self._numbers[parameter_id]} died (was memory short?)")

    def _suggest(self, number: int, outcomes: Sequence[Outcome]) -> dict[str, Any]:
        tpe = TpeTuner("minimize", seed=self._seed + number, tpe_args={"n_startup_jobs": 10})
        tpe.update_search_space(self._space)
        tpe.import_data(_history(outcomes) + self._running(outcomes))
        # Else it refuses to go on once a small space has no values left that are new.
        tpe.dedup = lambda parameters: parameters
        suggested: dict[str, Any] = tpe.generate_parameters(number)
        return suggested

    def _running(self, outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
        """Take a running trial for a good one, so that the next is not beside it."""
        finished = {outcome.trial.number for outcome in outcomes}
        running = [number for number in self._numbers.values() if number not in finished]
        best = min((entry["value"] for entry in _history(outcomes)), default=0.0)
        return [{"parameter": self._ledger.suggestion(each), "value": best} for each in running]


def _history(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Only the order of losses counts to TPE: a trial that was given up comes last."""
    return [
        {
            "parameter": outcome.parameters,
            "value": outcome.trial.loss if outcome.trial.state == "complete" else math.inf,
        }
        for outcome in outcomes
    ]
