import json
import multiprocessing
from pathlib import Path

import pytest

from {{cookiecutter.package_name}} import registry
from {{cookiecutter.package_name}}.artifacts import sha256, write_json
from {{cookiecutter.package_name}}.data import storage
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.params import load_params
from {{cookiecutter.package_name}}.steps import register as step


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LAKE", raising=False)
    return tmp_path


def model(weights: bytes, folder: str = "models", name: str = "cnn", accuracy: float = 0.99) -> str:
    """Write what `evaluate` leaves behind; the registry does not look into the graph."""
    target = Path(folder)
    target.mkdir(exist_ok=True)
    (target / "model.onnx").write_bytes(weights)
    (target / "MODEL_CARD.md").write_text("# Card")
    digest = sha256(target / "model.onnx")
    identity = f"{name}-{digest[:12]}"
    metrics = {"accuracy": accuracy, "loss": 0.05}
    about = {"id": identity, "sha256": digest, "metrics": metrics, "data": "d" * 64, "code": "c1"}
    write_json(target / "model.json", about)
    return identity


def contents() -> dict[str, bytes]:
    found = {}
    for key in storage.keys(""):
        storage.get(key, "content")
        found[key] = Path("content").read_bytes()
    return found


def test_a_registered_model_is_listed_with_metrics_data_and_code() -> None:
    identity = model(b"one")
    assert registry.register() == identity
    [entry] = registry.entries()
    assert (entry.id, entry.metrics["accuracy"]) == (identity, 0.99)
    assert (entry.data, entry.code, entry.aliases) == ("d" * 64, "c1", ())


def test_registering_twice_changes_nothing() -> None:
    model(b"one")
    registry.register()
    before = contents()
    registry.register()
    assert contents() == before


def test_an_interrupted_registration_is_not_listed_and_can_be_completed() -> None:
    identity = model(b"one")
    storage.put(f"models/{identity}/model.onnx", "models/model.onnx")
    assert registry.entries() == []
    registry.register()
    assert [entry.id for entry in registry.entries()] == [identity]


def test_two_models_under_one_id_are_refused() -> None:
    identity = model(b"one")
    registry.register()
    model(b"two")
    about = json.loads(Path("models/model.json").read_text())
    write_json("models/model.json", about | {"id": identity})
    with pytest.raises(UserError, match="taken by another model"):
        registry.register()


def test_a_model_that_is_not_the_evaluated_one_is_refused() -> None:
    model(b"one")
    Path("models/model.onnx").write_bytes(b"another")
    with pytest.raises(UserError, match="is not the model of"):
        registry.register()
    assert storage.keys() == []


def test_a_model_without_test_figures_is_refused() -> None:
    Path("models").mkdir()
    Path("models/model.onnx").write_bytes(b"one")
    with pytest.raises(UserError, match=r"model\.json is missing"):
        registry.register()


def test_the_alias_moves_and_fetch_follows_it() -> None:
    first = model(b"one")
    registry.register()
    second = model(b"two")
    registry.register()
    registry.promote(first)
    assert registry.fetch("champion", "served") == first
    registry.promote(second)
    assert registry.fetch("champion", "served") == second
    assert Path("served/model.onnx").read_bytes() == b"two"
    assert sorted(path.name for path in Path("served").iterdir()) == sorted(registry.FILES)
    assert {entry.id: entry.aliases for entry in registry.entries()} == {
        first: (),
        second: ("champion",),
    }


def test_only_registered_models_are_promoted_and_only_by_good_names() -> None:
    identity = model(b"one")
    with pytest.raises(UserError, match="not registered; registered: nothing yet"):
        registry.promote(identity)
    registry.register()
    with pytest.raises(UserError, match="is no alias"):
        registry.promote(identity, "../champion")
    with pytest.raises(UserError, match="no model has the alias 'champion'"):
        registry.fetch()


def test_a_damaged_model_is_not_fetched() -> None:
    identity = model(b"one")
    registry.register()
    registry.promote(identity)
    other = Path("other.bin")
    other.write_bytes(b"two")
    storage.put(f"models/{identity}/model.onnx", other)
    with pytest.raises(UserError, match="damaged"):
        registry.fetch("champion", "served")
    assert list(Path("served").iterdir()) == []


def test_processes_that_register_at_once_agree() -> None:
    identity = model(b"one")
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert set(pool.map(registry.register, ["models"] * 8)) == {identity}
    assert [entry.id for entry in registry.entries()] == [identity]


def test_the_step_registers_promotes_lists_and_fetches(capsys: pytest.CaptureFixture[str]) -> None:
    Path("params.yaml").write_text("models: {mlp: {network: mlp, widths: [8]}}")
    params = load_params()
    identity = model(b"one")
    step.run(params)
    step.run(params, promote=identity, alias="shadow")
    step.run(params, fetch=Path("served"), alias="shadow")
    capsys.readouterr()
    step.run(params, list=True)
    printed = capsys.readouterr().out.splitlines()[1]
    assert printed.startswith(identity)
    assert printed.endswith("dddddddddddd  shadow")
    assert "0.9900" in printed
    assert Path("served/model.onnx").read_bytes() == b"one"
