"""Where MLflow keeps things: an SQLite file below `.cache/runs`, and a server if one is set."""

import fcntl
import os
import posixpath
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

# MLflow shall report to nobody, print nothing, and wait for no one for long. It reads some of this
# when it is imported, so the project's other modules take it from here. What is set already stays.
os.environ.update(
    {
        "DO_NOT_TRACK": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
        "MLFLOW_LOGGING_LEVEL": "CRITICAL",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        **os.environ,
    }
)

import mlflow
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from .artifacts import atomic, fingerprint
from .errors import UserError

__all__ = ["ARTIFACTS", "NAME", "Store", "local", "mlflow", "plain", "server", "told"]

NAME = __name__.partition(".")[0]
FOLDER = Path(".cache/runs")
ARTIFACTS = FOLDER / "artifacts"


@dataclass(frozen=True)
class Store:
    """One of the two places, and in it the id of an experiment, which is a list of runs."""

    uri: str
    client: mlflow.MlflowClient
    experiment: str


def local(experiment: str = NAME) -> Store:
    """Open the store of this folder, and make it if there is none yet."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    database = FOLDER.resolve() / "mlflow.db"
    # Steps may start at the same moment, and MLflow does not make its tables in one transaction.
    with (FOLDER / "mlflow.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if database.exists():
            _follow_the_project(database)
        else:
            with atomic(database) as unfinished:
                _client(f"sqlite:///{unfinished}")
        uri = f"sqlite:///{database}"
        client = _client(uri)
        return Store(uri, client, _experiment(client, experiment, ARTIFACTS.resolve().as_uri()))


def server(experiment: str = NAME) -> Store | None:
    """Open the experiment on the server that `MLFLOW_TRACKING_URI` names, if it names one."""
    settings = _Settings()
    if not settings.uri:
        return None
    uri, credentials = settings.apart()
    os.environ.update(credentials)
    client = _client(uri)
    return Store(uri, client, _experiment(client, experiment))


@contextmanager
def told() -> Iterator[None]:
    """Make a `UserError` of what MLflow refuses, and of a server that does not answer."""
    try:
        yield
    except mlflow.MlflowException as error:
        raise UserError(f"MLflow: {str(error).splitlines()[0]}") from error


def plain(name: str, *, flat: bool = False) -> str:
    """Spell a name as MLflow takes it: what it refuses becomes a code, such as `:2603:` for ☃.

    So different names stay different. A `flat` one has no slash, which in names of files is a
    folder.
    """
    safe = re.sub(r"[^\w. :-]" if flat else r"[^\w./ :-]", _code, name)
    if posixpath.normpath(safe) != safe or safe.startswith(("/", "..")) or safe == ".":
        safe = re.sub(r"[./]", _code, safe)
    if len(safe.encode()) > 200:
        safe = f"{safe.encode()[:180].decode(errors='ignore')}:{fingerprint(name)}:"
    return safe or "unnamed"


class _Settings(BaseSettings):
    """MLflow's own variables, which it would not read from `.env` by itself."""

    model_config = SettingsConfigDict(
        env_prefix="MLFLOW_TRACKING_", env_file=".env", env_ignore_empty=True, extra="ignore"
    )

    uri: str | None = None
    token: SecretStr | None = None
    username: SecretStr | None = None
    password: SecretStr | None = None

    def apart(self) -> tuple[str, dict[str, str]]:
        """Return the address, which is printed, without the credentials, which never are.

        MLflow takes these from the environment only.
        """
        place, parts = self.uri or "", urlsplit(self.uri or "")
        values = {"TOKEN": self.token, "USERNAME": self.username, "PASSWORD": self.password}
        found = {name: value.get_secret_value() for name, value in values.items() if value}
        if parts.username:
            place = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
            found["USERNAME"] = unquote(parts.username)
            found["PASSWORD"] = unquote(parts.password or "")
        return place, {f"MLFLOW_TRACKING_{name}": value for name, value in found.items()}


def _client(uri: str) -> mlflow.MlflowClient:
    return mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)


def _experiment(client: mlflow.MlflowClient, name: str, location: str | None = None) -> str:
    if found := client.get_experiment_by_name(name):
        return str(found.experiment_id)
    try:
        return client.create_experiment(name, artifact_location=location)
    except mlflow.MlflowException:
        # Somebody else may have made it at this moment.
        if found := client.get_experiment_by_name(name):
            return str(found.experiment_id)
        raise


def _follow_the_project(database: Path) -> None:
    """Put right where the artifacts lie: MLflow keeps absolute paths, and projects are moved."""
    here = ARTIFACTS.resolve().as_uri()
    with closing(sqlite3.connect(database)) as connection, connection:
        query = "SELECT DISTINCT artifact_location FROM experiments WHERE artifact_location LIKE ?"
        places = connection.execute(query, (f"%/{ARTIFACTS.as_posix()}",)).fetchall()
        for (there,) in places:
            if there != here:
                for table, path in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
                    change = f"UPDATE {table} SET {path} = replace({path}, ?, ?)"  # noqa: S608
                    connection.execute(change, (there, here))


def _code(sign: re.Match[str]) -> str:
    return f":{ord(sign[0]):x}:"
