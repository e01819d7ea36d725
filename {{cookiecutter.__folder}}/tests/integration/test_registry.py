"""The contract of `registry`, whichever tool fills it; what only one has is its own test."""

import json
import multiprocessing
from pathlib import Path

import pytest
from registered import model

from {{cookiecutter.package_name}} import registry
from {{cookiecutter.package_name}}.artifacts import write_json
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.evaluated import FILES
from {{cookiecutter.package_name}}.params import load_params
from {{cookiecutter.package_name}}.steps import register as step


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_registered_model_is_listed_with_metrics_data_and_code() -> None:
    identity = model(1)
    assert registry.register() == identity
    [entry] = registry.entries()
    assert (entry.id, entry.metrics) == (identity, {"accuracy": 0.99, "loss": 0.05})
    assert (entry.data, entry.code, entry.aliases) == ("d" * 64, "c1", ())


def test_registering_twice_changes_nothing() -> None:
    identity = model(1)
    registry.register()
    registry.promote(identity)
    before = registry.entries()
    assert registry.register() == identity
    assert registry.entries() == before


def test_two_models_under_one_id_are_refused() -> None:
    identity = model(1)
    registry.register()
    model(2)
    about = json.loads(Path("models/model.json").read_text())
    write_json("models/model.json", about | {"id": identity})
    with pytest.raises(UserError, match="taken by another model"):
        registry.register()


def test_a_model_that_is_not_the_evaluated_one_is_refused() -> None:
    model(1)
    Path("models/model.onnx").write_bytes(b"another")
    with pytest.raises(UserError, match="is not the model of"):
        registry.register()
    assert registry.entries() == []


def test_a_model_without_test_figures_is_refused() -> None:
    Path("models").mkdir()
    Path("models/model.onnx").write_bytes(b"one")
    with pytest.raises(UserError, match=r"model\.json is missing"):
        registry.register()


def test_aliases_move_and_fetch_follows_them() -> None:
    first = model(1)
    registry.register()
    second = model(2)
    content = Path("models/model.onnx").read_bytes()
    registry.register()
    registry.promote(first)
    registry.promote(second, "challenger")
    assert registry.fetch("champion", "served") == first
    registry.promote(second)
    assert registry.fetch("champion", "served") == second
    assert Path("served/model.onnx").read_bytes() == content
    assert sorted(path.name for path in Path("served").iterdir()) == sorted(FILES)
    assert {entry.id: sorted(entry.aliases) for entry in registry.entries()} == {
        first: [],
        second: ["challenger", "champion"],
    }


def test_only_registered_models_are_promoted_and_only_by_good_names() -> None:
    identity = model(1)
    with pytest.raises(UserError, match="not registered; registered: nothing yet"):
        registry.promote(identity)
    registry.register()
    with pytest.raises(UserError, match="is no alias"):
        registry.promote(identity, "../champion")
    with pytest.raises(UserError, match="no model has the alias 'champion'"):
        registry.fetch()


def test_processes_that_register_at_once_agree() -> None:
    identity = model(1)
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert set(pool.map(registry.register, ["models"] * 8)) == {identity}
    assert [entry.id for entry in registry.entries()] == [identity]


def test_the_step_registers_promotes_lists_and_fetches(capsys: pytest.CaptureFixture[str]) -> None:
    Path("params.yaml").write_text("models: {mlp: {network: mlp, widths: [8]}}")
    params = load_params()
    identity = model(1)
    step.run(params)
    step.run(params, promote=identity, alias="shadow")
    step.run(params, fetch=Path("served"), alias="shadow")
    capsys.readouterr()
    step.run(params, list=True)
    printed = capsys.readouterr().out.splitlines()[1]
    assert printed.startswith(identity)
    assert printed.endswith("dddddddddddd  shadow")
    assert "0.9900" in printed
    assert Path("served/model.onnx").read_bytes() == Path("models/model.onnx").read_bytes()
