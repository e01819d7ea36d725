"""Search hyperparameters with Optuna: a study on disk, or in a database that machines share."""

import math
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.storages import RDBStorage
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from tqdm import tqdm

from .errors import UserError
from .processes import run_at_once
from .study import (
    best_so_far,
    finished,
    forget_interrupted,
    is_worse_than_the_median,
    journal,
    keep_quiet,
    missing_draws,
    open_study,
    result,
    suggest,
)
from .trials import Best, Objective, Pruned, Space, alone


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

    `parallel` trials run at once, each in a process of its own. The study lies in `folder`, or in
    the database that `OPTUNA_STORAGE` names. A search that was killed keeps its finished trials and
    repeats the ones that were running; with one trial at a time its result is that of an
    undisturbed search. Any other exception of `objective` ends the search in the same way.
    """
    with _opened(Path(folder)) as (study, is_shared):
        tasks = (
            # Machines that share a study would all begin with the same values.
            (study, objective, spaces, draw, None if is_shared else seed + draw)
            for draw in missing_draws(study, trials)
            if len(finished(study)) < trials  # other machines may have run the rest
        )
        done = len(finished(study))
        with tqdm(total=trials, desc="trials", initial=done, disable=None) as bar:
            for _ in run_at_once(_attempt, tasks, parallel):
                bar.update(len(finished(study)) - bar.n)
                bar.set_postfix(best_so_far(study))
        return result(study, spaces)


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="OPTUNA_", env_file=".env", env_ignore_empty=True, extra="ignore"
    )

    storage: SecretStr | None = None


@contextmanager
def _opened(folder: Path) -> Iterator[tuple[optuna.Study, bool]]:
    """Open the study of this machine alone, or the one that several share."""
    if url := _Settings().storage:
        yield open_study(_database(url.get_secret_value()), folder.name), True
        return
    with alone(folder):
        study = open_study(journal(folder))
        forget_interrupted(study)
        yield study, False


def _database(url: str) -> RDBStorage:
    """Open a database; machines that make its tables at the same moment get in each other's way."""
    keep_quiet()
    waits = iter((1, 2, 4))
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                # One that says nothing for three minutes is gone: its trial is another's then.
                return RDBStorage(url, heartbeat_interval=60, grace_period=180)
        except DBAPIError as error:
            if not (wait := next(waits, 0)):
                raise _cannot_open(error) from None
            time.sleep(wait)
        except (SQLAlchemyError, ValueError) as error:
            raise _cannot_open(error) from None
        except ImportError as error:
            cure = "uv add --group train 'psycopg[binary]', or the driver of your database"
            raise UserError(f"OPTUNA_STORAGE needs a driver ({error}): {cure}") from None


def _cannot_open(error: Exception) -> UserError:
    return UserError(f"OPTUNA_STORAGE cannot be opened: {' '.join(str(error).split())[:200]}")


def _attempt(
    study: optuna.Study,
    objective: Objective,
    spaces: Mapping[str, Space],
    draw: int,
    seed: int | None,
) -> None:
    keep_quiet()
    # The seed follows from the draw alone, so an interruption changes no value.
    study.sampler = optuna.samplers.TPESampler(seed=seed)
    study.optimize(lambda trial: _loss(trial, draw, objective, spaces), n_trials=1)


def _loss(
    trial: optuna.Trial, draw: int, objective: Objective, spaces: Mapping[str, Space]
) -> float:
    def report(step: int, loss: float) -> None:
        if is_worse_than_the_median(trial, step, loss):
            raise Pruned(f"worse than the median at step {step}")

    reason = "its loss is no number"
    try:
        loss = objective(*suggest(trial, spaces, draw), report)
    except Pruned as stop:
        loss, reason = math.nan, str(stop)
    if not math.isfinite(loss):
        trial.set_user_attr("reason", reason)
        raise optuna.TrialPruned(reason)
    return loss
