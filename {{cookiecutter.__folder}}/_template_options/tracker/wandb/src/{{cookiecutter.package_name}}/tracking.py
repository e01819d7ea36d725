"""Track runs with Weights & Biases: files below `.cache/runs`, sent only if a key is set."""

import logging
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Literal

# Read when wandb is imported: an offline run, too, would report to its makers.
os.environ.setdefault("WANDB_ERROR_REPORTING", "false")

import wandb
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Scalar = str | int | float | bool

_FOLDER = Path(".cache/runs")
_logger = logging.getLogger(__name__)
_unreachable = Event()


class Run:
    """One tracked run. If it could not be opened, it takes everything and keeps nothing."""

    def __init__(self, run: wandb.Run | None) -> None:
        self._run = run
        self._step = -1

    def log(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Add a point to the curve of each metric; without a step, after the last one."""
        with _spared("log metrics"):
            if self._run:
                self._step = self._step + 1 if step is None else step
                values = {name: float(value) for name, value in metrics.items()}
                self._run.log(values, step=self._step)

    def artifact(self, path: str | Path, name: str) -> None:
        """Keep the file or folder at `path` with the run, under `name`; a picture is shown too."""
        with _spared(f"keep {path}"):
            if self._run:
                artifact = wandb.Artifact(f"{_plain(name)}-{self._run.id}", type="result")
                is_folder = Path(path).is_dir()
                (artifact.add_dir if is_folder else artifact.add_file)(str(path))
                self._run.log_artifact(artifact)
                if Path(path).suffix == ".png":
                    self._run.log({name: wandb.Image(str(path))}, step=max(self._step, 0))

    @property
    def url(self) -> str:
        """Where people look: an address or a folder; empty if nothing is tracked."""
        if not self._run:
            return ""
        return str(self._run.settings.sync_dir if self._run.offline else self._run.url)


@contextmanager
def start_run(job: str, params: Mapping[str, Scalar], tags: Sequence[str] = ()) -> Iterator[Run]:
    """Open a tracked run of `job` and close it, whatever happens inside.

    Metrics appear as curves, `params` as the run's config. An exception marks the run failed and
    is raised again; trouble with the tracker itself is a logged warning, never an error, because
    a lost curve must not cost a trained model. That is also why a server that does not answer
    leaves the run on disk, from where `make tracking-sync` sends it.
    """
    run = _open(job, params, tags)
    try:
        yield Run(run)
    except BaseException:
        _close(run, failed=True)
        raise
    _close(run, failed=False)


class _Settings(BaseSettings):
    """W&B's own variables, which it would not read from `.env` by itself."""

    model_config = SettingsConfigDict(
        env_prefix="WANDB_", env_file=".env", env_ignore_empty=True, extra="ignore"
    )

    api_key: SecretStr | None = None
    base_url: str | None = None
    entity: str | None = None
    project: str = __name__.partition(".")[0]


def _open(job: str, params: Mapping[str, Scalar], tags: Sequence[str]) -> wandb.Run | None:
    with _spared("read the settings of W&B"):
        settings = _Settings()
        # W&B puts its caches into the home folder unless it is told otherwise.
        for name in ("WANDB_CACHE_DIR", "WANDB_DATA_DIR"):
            os.environ.setdefault(name, str(Path(".cache/wandb").resolve()))
        if settings.api_key and not _unreachable.is_set():
            with _spared("reach the server of W&B"):
                return _init("online", settings, job, params, tags)
            _logger.warning("the run is kept in %s: `make tracking-sync` sends it later", _FOLDER)
            # The next runs of this process would only wait again.
            _unreachable.set()
        with _spared("open a run"):
            return _init("offline", settings, job, params, tags)
    return None


def _init(
    mode: Literal["online", "offline"],
    settings: _Settings,
    job: str,
    params: Mapping[str, Scalar],
    tags: Sequence[str],
) -> wandb.Run:
    _FOLDER.mkdir(parents=True, exist_ok=True)
    token = secrets.token_hex(4)
    return wandb.init(
        mode=mode,
        # Absolute, because W&B writes from a process of its own.
        dir=str(_FOLDER.resolve()),
        entity=settings.entity,
        project=settings.project,
        id=token,
        name=f"{job}-{token}",
        job_type=job,
        config=dict(params),
        tags=tags,
        reinit="create_new",
        settings=_lean(settings),
    )


def _lean(settings: _Settings) -> wandb.Settings:
    """Capture nothing that the step does not say itself, and wait for no one for long."""
    lean = wandb.Settings(
        console="off",
        silent=True,
        disable_code=True,
        disable_git=True,
        save_code=False,
        x_disable_machine_info=True,
        x_disable_meta=True,
        x_disable_stats=True,
        x_save_requirements=False,
        init_timeout=15,
        finish_timeout=60,
    )
    if settings.api_key:
        lean.api_key = settings.api_key.get_secret_value()
    if settings.base_url:
        lean.base_url = settings.base_url
    return lean


def _close(run: wandb.Run | None, *, failed: bool) -> None:
    with _spared("close the run"):
        if run:
            run.finish(exit_code=int(failed))


def _plain(name: str) -> str:
    """Keep what W&B allows in the name of an artifact."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name)[:100]


@contextmanager
def _spared(what: str) -> Iterator[None]:
    """Turn trouble with the tracker into a line of the log: `-W error` must not raise it either."""
    try:
        yield
    except Exception as error:
        _logger.warning("tracking: could not %s: %s", what, str(error).partition("\n")[0])
