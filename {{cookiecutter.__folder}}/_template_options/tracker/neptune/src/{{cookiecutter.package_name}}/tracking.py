"""Track runs with Neptune: its offline files below `.cache/runs`, sent only if a token is set."""

import logging
import math
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Literal
from urllib.parse import unquote

import requests
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

# Read when neptune is imported: it would ask a server that hangs for ten minutes.
os.environ.setdefault("NEPTUNE_REQUEST_TIMEOUT", "60")

with warnings.catch_warnings():
    # It stands on a part of jsonschema that will go, which under `-W error` would end the step.
    warnings.simplefilter("ignore", DeprecationWarning)
    import neptune
    from neptune.constants import OFFLINE_NAME_PREFIX
    from neptune.internal.credentials import Credentials
    from neptune.types import File

Scalar = str | int | float | bool

# `neptune sync` looks for a folder of this name.
_FOLDER = Path(".cache/runs/.neptune")
_NO_NAME = "%"
# Colours, and the name of an exception between dashes, with which Neptune's messages begin.
_BANNER = re.compile(r"\x1b\[\d+m|-{4}\w+-+")
_logger = logging.getLogger(__name__)
_unreachable = Event()


class Run:
    """One tracked run. If it could not be opened, it takes everything and keeps nothing."""

    def __init__(self, run: neptune.Run | None) -> None:
        self._run = run
        self._step = -1

    def log(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Add a point to the curve of each metric; without a step, after the last one."""
        with _spared("log metrics"):
            if self._run:
                points = {name: float(value) for name, value in metrics.items()}
                self._step = self._step + 1 if step is None else int(step)
                for name, value in points.items():
                    _append(self._run, name, value, self._step)
                # On disk at once, or a process that is killed takes the last points with it.
                self._run.wait(disk_only=True)

    def artifact(self, path: str | Path, name: str) -> None:
        """Keep the file or folder at `path` with the run, under `name`; a PNG shows as picture."""
        with _spared(f"keep {path}"):
            if self._run:
                for place, file in _files(Path(path)).items():
                    # As a stream it is copied now, and not read when the run is sent.
                    with file.open("rb") as stream:
                        kept = File.from_stream(stream, extension=file.suffix[1:])
                        self._run[f"artifacts/{quoted(name)}/{place}"].upload(kept)
                self._run.wait(disk_only=True)

    @property
    def url(self) -> str:
        """Where people look: an address or a folder; empty if nothing is tracked."""
        if not self._run:
            return ""
        address = str(self._run.get_url())
        if not address.startswith(OFFLINE_NAME_PREFIX):
            return address
        name = f"run__{address.removeprefix(OFFLINE_NAME_PREFIX)}__*"
        return str(next((_FOLDER / "offline").glob(name), ""))


@contextmanager
def start_run(job: str, params: Mapping[str, Scalar], tags: Sequence[str] = ()) -> Iterator[Run]:
    """Open a tracked run of `job` and close it, whatever happens inside.

    Metrics appear as series, `params` as fields below `params`. An exception marks the run failed
    and is raised again; trouble with the tracker itself is a logged warning, never an error,
    because a lost curve must not cost a trained model. That is also why a server that does not
    answer leaves the run on disk, from where `make tracking-sync` sends it.
    """
    run = _open(job, params, tags)
    try:
        yield Run(run)
    except BaseException:
        _close(run, failed=True)
        raise
    _close(run, failed=False)


def quoted(name: str) -> str:
    """Keep a name in one piece: Neptune splits it at each slash, and drops what is empty.

    It also refuses a series where others lie below: `loss` beside `loss/total`.
    """
    return name.replace("%", "%25").replace("/", "%2F") or _NO_NAME


def unquoted(part: str) -> str:
    """Give the name back that `quoted` was given."""
    return "" if part == _NO_NAME else unquote(part)


class _Settings(BaseSettings):
    """Neptune's own variables, which it would not read from `.env` by itself."""

    model_config = SettingsConfigDict(
        env_prefix="NEPTUNE_", env_file=".env", env_ignore_empty=True, extra="ignore"
    )

    api_token: SecretStr | None = None
    project: str | None = None


def _open(job: str, params: Mapping[str, Scalar], tags: Sequence[str]) -> neptune.Run | None:
    with _spared("read the settings of Neptune"):
        settings = _Settings()
        _keep_quiet()
        os.environ["NEPTUNE_DATA_DIRECTORY"] = str(_FOLDER.resolve())
        if settings.api_token and not _unreachable.is_set():
            with _spared("reach Neptune's server (`make tracking-sync` sends the run later)"):
                _ask(settings.api_token.get_secret_value())
                return _init("async", settings, job, params, tags)
            # The next runs of this process would only wait again.
            _unreachable.set()
        with _spared("open a run"):
            return _init("offline", settings, job, params, tags)
    return None


def _keep_quiet() -> None:
    """Let Neptune's warnings take the way of all others: it prints its log on standard output."""
    log = logging.getLogger("neptune")
    log.handlers.clear()
    log.propagate = True
    log.setLevel(logging.WARNING)


def _ask(token: str) -> None:
    """Raise unless the server answers within seconds: Neptune waits a minute, or for ever."""
    found = Credentials.from_token(token)
    address = found.api_url_opt or found.token_origin_address
    verify = not os.environ.get("NEPTUNE_ALLOW_SELF_SIGNED_CERTIFICATE")
    answer = requests.get(f"{address}/api/backend/swagger.json", timeout=5, verify=verify)
    answer.raise_for_status()


def _init(
    mode: Literal["async", "offline"],
    settings: _Settings,
    job: str,
    params: Mapping[str, Scalar],
    tags: Sequence[str],
) -> neptune.Run:
    token = settings.api_token.get_secret_value() if settings.api_token else None
    # Nothing is captured that the step does not say itself.
    run = neptune.init_run(
        mode=mode,
        project=settings.project,
        api_token=token,
        name=job,
        source_files=[],
        capture_stdout=False,
        capture_stderr=False,
        capture_hardware_metrics=False,
        capture_traceback=False,
        git_ref=False,
    )
    for tag in tags:  # one by one, or Neptune forgets their order
        run["sys/tags"].add(tag)
    for name, value in params.items():
        run[f"params/{quoted(name)}"] = _taken(value)
    run.wait(disk_only=True)
    return run


def _append(run: neptune.Run, name: str, value: float, step: int) -> None:
    """Neptune skips NaN and infinity in a series of numbers: these go into one of texts."""
    if math.isfinite(value):
        run[f"metrics/{quoted(name)}"].append(value, step=step)
    else:
        run[f"not_finite/{quoted(name)}"].append(str(value), step=step)


def _files(path: Path) -> dict[str, Path]:
    """Name each file by its place in the folder at `path`, or the file at `path` by its name."""
    root = path if path.is_dir() else path.parent
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return {"/".join(map(quoted, file.relative_to(root).parts)): file for file in sorted(files)}


def _taken(value: Scalar) -> Scalar:
    """Turn into text what Neptune would skip: NaN, infinity, and integers of more than 32 bits."""
    if isinstance(value, str):
        return value
    skipped = isinstance(value, int) and not -(2**31) <= value < 2**31
    return str(value) if skipped or not math.isfinite(value) else value


def _close(run: neptune.Run | None, *, failed: bool) -> None:
    with _spared("close the run"):
        if run:
            run["sys/failed"] = failed
            run["status"] = "failed" if failed else "finished"
            run.stop(seconds=60)


@contextmanager
def _spared(what: str) -> Iterator[None]:
    """Turn trouble with the tracker into a line of the log: `-W error` must not raise it either."""
    try:
        yield
    except Exception as error:
        text = _BANNER.sub("", str(error)).strip()
        _logger.warning("tracking: could not %s: %s", what, text.partition("\n")[0])
