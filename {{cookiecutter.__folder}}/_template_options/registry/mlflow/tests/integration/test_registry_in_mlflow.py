"""What only the registry in MLflow has: versions, and models that MLflow itself loads."""

import shutil
from pathlib import Path

import pytest
from champion import check_that_mlflow_loads_the_champion
from registered import model
from served import free_port

from {{cookiecutter.package_name}} import registry
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.mlflow_store import NAME, Store, local, mlflow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a new store, to be copied: MLflow takes a second to make one."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        local()
    return folder


@pytest.fixture(autouse=True)
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    for name in ("HTTP_REQUEST_MAX_RETRIES", "HTTP_REQUEST_TIMEOUT"):
        monkeypatch.setenv(f"MLFLOW_{name}", "1")
    return tmp_path


def store() -> Store:
    return local(f"{NAME}-models")


def test_mlflow_loads_the_champion() -> None:
    check_that_mlflow_loads_the_champion("sqlite:///.cache/runs/mlflow.db")


def test_a_version_says_what_it_is_and_where_it_comes_from() -> None:
    identity = model(1)
    registry.register()
    [version] = store().client.search_model_versions(f"name = '{NAME}'")
    assert (version.tags["id"], version.tags["data"], version.tags["code"]) == (
        identity,
        "d" * 64,
        "c1",
    )
    run = store().client.get_run(str(version.run_id))
    assert run.data.metrics == {"accuracy": 0.99, "loss": 0.05}


def test_an_interrupted_registration_is_not_listed_and_can_be_completed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    identity = model(1)
    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "create_model_version", interrupt)
        with pytest.raises(KeyboardInterrupt):
            registry.register()
    assert registry.entries() == []
    registry.register()
    assert [entry.id for entry in registry.entries()] == [identity]


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_of_two_versions_of_one_model_the_first_counts() -> None:
    identity = model(1)
    registry.register()
    client = store().client
    [first] = client.search_model_versions(f"name = '{NAME}'")
    client.create_model_version(NAME, str(first.source), str(first.run_id), tags=first.tags)
    client.create_model_version(NAME, str(first.source), str(first.run_id))
    assert [entry.id for entry in registry.entries()] == [identity]
    registry.promote(identity)
    assert registry.entries()[0].aliases == ("champion",)
    # MLflow keeps this name for itself.
    with pytest.raises(UserError, match="reserved"):
        registry.promote(identity, "latest")


def test_a_damaged_model_is_not_fetched() -> None:
    identity = model(1)
    registry.register()
    registry.promote(identity)
    [kept] = Path(".cache/runs/artifacts").rglob("model.onnx")
    kept.write_bytes(b"another")
    with pytest.raises(UserError, match="damaged"):
        registry.fetch("champion", "served")
    kept.unlink()
    with pytest.raises(UserError, match="MLflow"):
        registry.fetch("champion", "served")
    assert list(Path("served").iterdir()) == []


def test_a_project_that_was_moved_has_its_models_where_it_is(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(".cache")
    identity = model(1)
    registry.register()
    registry.promote(identity)
    moved = project.rename(project.with_name("moved"))
    monkeypatch.chdir(moved)
    assert registry.fetch("champion", "served") == identity
    model(2)
    registry.register()
    assert len(list(moved.glob(".cache/runs/artifacts/*/artifacts/model/model.onnx"))) == 2
    assert not project.exists()


def test_a_server_that_cannot_be_reached_is_an_error_and_nothing_is_kept_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    model(1)
    with pytest.raises(UserError, match="Connection refused"):
        registry.register()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    assert registry.entries() == []
