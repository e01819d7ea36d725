"""Keep evaluated models in MLflow's registry by their id, and point at them by alias.

Each is a version of the registered model that bears the package's name. Its files are a model as
MLflow loads it, and among them are those of `models/`, byte for byte.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from .errors import UserError
from .evaluated import FILES, Entry, hashes, put_in_place, read_evaluated, require_alias
from .mlflow_store import NAME, Store, local, mlflow, plain, server, told

Version = mlflow.entities.model_registry.ModelVersion

# Below the run that a version comes from.
_PLACE = "model"


def register(folder: str | Path = "models") -> str:
    """Keep the evaluated model in `folder`, and return its id.

    To register a model twice changes nothing. The version is made last: a model whose
    registration was interrupted is not listed, and registering it again completes it.
    """
    model = read_evaluated(folder)
    with _opened() as store:
        known = _versions(store).get(model["id"]) or _add(store, model, Path(folder))
        if known.tags["sha256.model.onnx"] != model["sha256"]:
            raise UserError(f"{model['id']} is taken by another model; train with another seed")
    return str(model["id"])


def entries() -> list[Entry]:
    """List the registered models, the newest first."""
    with _opened() as store:
        aliases = _aliases(store)
        return [
            Entry(
                id=version.tags["id"],
                registered=_moment(version.creation_timestamp),
                metrics=json.loads(version.tags["metrics"]),
                data=version.tags["data"],
                code=version.tags["code"],
                aliases=tuple(name for name, number in aliases if number == int(version.version)),
            )
            for version in _versions(store).values()
        ]


def promote(model: str, alias: str = "champion") -> None:
    """Let `alias` point at the registered `model` from now on."""
    require_alias(alias)
    with _opened() as store:
        versions = _versions(store)
        if model not in versions:
            known = ", ".join(versions) or "nothing yet"
            raise UserError(f"{model} is not registered; registered: {known}")
        store.client.set_registered_model_alias(NAME, alias, str(versions[model].version))


def fetch(alias: str = "champion", folder: str | Path = "models") -> str:
    """Put the model that `alias` points at into `folder`, and return its id.

    All its files are fetched and compared with the record before the first of them is put there.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    with _opened() as store:
        version = _pointed_at(store, alias)
        wanted = {name: version.tags[f"sha256.{name}"] for name in FILES}
        with tempfile.TemporaryDirectory(dir=target, prefix=".fetch-") as staged:
            for name in FILES:
                path = f"{_PLACE}/{name}"
                got = store.client.download_artifacts(str(version.run_id), path, staged)
                Path(got).replace(Path(staged) / name)
            put_in_place(staged, target, version.tags["id"], wanted)
    return str(version.tags["id"])


@contextmanager
def _opened() -> Iterator[Store]:
    """Open the registry on the server, if one is set, or the local one."""
    with told():
        yield server(f"{NAME}-models") or local(f"{NAME}-models")


def _versions(store: Store) -> dict[str, Version]:
    """Return the versions by their model's id, the newest first.

    Of two that processes made of one model at the same moment, the first counts for all.
    """
    found = store.client.search_model_versions(f"name = '{NAME}'")
    newest_first = sorted(found, key=lambda version: int(version.version), reverse=True)
    return {version.tags["id"]: version for version in newest_first if "id" in version.tags}


def _aliases(store: Store) -> list[tuple[str, int]]:
    models = store.client.search_registered_models(f"name = '{NAME}'")
    return [(alias, int(number)) for model in models for alias, number in model.aliases.items()]


def _pointed_at(store: Store, alias: str) -> Version:
    numbers = dict(_aliases(store))
    for version in _versions(store).values():
        if int(version.version) == numbers.get(alias):
            return version
    raise UserError(f"no model has the alias {alias!r}: run `make register` and promote one")


def _add(store: Store, model: dict[str, Any], folder: Path) -> Version:
    client = store.client
    run = client.create_run(store.experiment, run_name=f"register-{model['id']}").info.run_id
    now = time.time_ns() // 1_000_000
    metrics = [
        mlflow.entities.Metric(plain(name), value, now, 0)
        for name, value in model["metrics"].items()
    ]
    client.log_batch(run, metrics=metrics)
    with tempfile.TemporaryDirectory() as scratch:
        _save(model, folder, Path(scratch) / _PLACE)
        client.log_artifacts(run, str(Path(scratch) / _PLACE), _PLACE)
    client.set_terminated(run)
    tags = {
        **{key: model[key] for key in ("id", "data", "code")},
        "metrics": json.dumps(model["metrics"]),
        **{f"sha256.{name}": digest for name, digest in hashes(folder).items()},
    }
    _name_the_model(store)
    mine = client.create_model_version(NAME, f"runs:/{run}/{_PLACE}", run, tags=tags)
    first = _versions(store)[model["id"]]
    if first.version != mine.version:
        client.delete_model_version(NAME, str(mine.version))
    return first


def _save(model: dict[str, Any], folder: Path, target: Path) -> None:
    """Write what MLflow loads, then put the very files over it and beside it."""
    shape, classes = model["schema"]["input_shape"], model["schema"]["classes"]
    floats = np.dtype(np.float32)
    inputs = mlflow.types.TensorSpec(floats, (-1, *shape), "inputs")
    outputs = mlflow.types.TensorSpec(floats, (-1, len(classes)), "probabilities")
    mlflow.onnx.save_model(
        onnx.load(folder / "model.onnx"),
        target,
        signature=mlflow.models.ModelSignature(
            mlflow.types.Schema([inputs]), mlflow.types.Schema([outputs])
        ),
        pip_requirements=mlflow.onnx.get_default_pip_requirements(),
        onnx_execution_providers=["CPUExecutionProvider"],
        save_as_external_data=False,
    )
    for name in FILES:
        shutil.copyfile(folder / name, target / name)


def _name_the_model(store: Store) -> None:
    try:
        store.client.create_registered_model(NAME)
    except mlflow.MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")
