"""Search hyperparameters with Ray Tune: on this machine, or on a cluster at `RAY_ADDRESS`."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from .study import finished, forget_interrupted, journal, open_study, result
from .trials import Best, Objective, Space, alone

if TYPE_CHECKING:
    from .cluster import Cluster


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

    `parallel` trials run at once, each in a process of its own, on whichever machine has room. The
    study lies in `folder`. A search that was killed keeps its finished trials and repeats the ones
    that were running; with one trial at a time its result is that of an undisturbed search. Any
    other exception of `objective` ends the search in the same way.
    """
    with alone(folder):
        study = open_study(journal(folder))
        forget_interrupted(study)
        if missing := max(0, trials - len(finished(study))):
            connect(parallel).run(objective, spaces, missing, seed, folder)
        return result(open_study(journal(folder)), spaces)


def connect(parallel: int) -> "Cluster":
    """Connect to the cluster at `RAY_ADDRESS`, or make this machine one with as many cores.

    Raises `UserError` when nothing answers there.
    """
    settings = _Settings()
    _prepare(settings)
    from .cluster import Cluster  # noqa: PLC0415 (Ray reads the environment on its import)

    return Cluster(settings.address, parallel)


class _Settings(BaseSettings):
    """Ray's own variables, which it would not read from `.env` by itself."""

    model_config = SettingsConfigDict(
        env_prefix="RAY_", env_file=".env", env_ignore_empty=True, extra="ignore"
    )

    address: str | None = None
    auth_token: SecretStr | None = None


def _prepare(settings: _Settings) -> None:
    """Turn off what Ray sends and prints, and its listening to other machines if it is alone."""
    wanted = {
        "RAY_AIR_NEW_OUTPUT": "0",
        "RAY_CHDIR_TO_TRIAL_DIR": "0",
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
        "RAY_IGNORE_UNHANDLED_ERRORS": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
        # Else a search that was interrupted by hand counts as one that ended well.
        "TUNE_DISABLE_SIGINT_HANDLER": "1",
    }
    if not settings.address:
        # With this, Ray's processes take the loopback address as theirs on every system.
        wanted["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        wanted["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    elif settings.auth_token:
        wanted["RAY_AUTH_TOKEN"] = settings.auth_token.get_secret_value()
    for name, value in wanted.items():
        os.environ.setdefault(name, value)
