"""Neptune's runs in other trackers, read back with the tools' own readers.

A library that is missing here is brought along like this:
uv run --no-sync --with 'mlflow>=3' pytest tests/integration/test_export_runs.py
"""

import math
import os
import struct
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from {{cookiecutter.package_name}}.__main__ import main
from {{cookiecutter.package_name}}.migration import runs
from {{cookiecutter.package_name}}.tracking import start_run

PACKAGE = start_run.__module__.partition(".")[0]
BRING = "not in the lock: uv run --no-sync --with"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in [name for name in os.environ if name.startswith(("NEPTUNE_", "WANDB_", "MLFLOW_"))]:
        monkeypatch.delenv(name)
    Path("params.yaml").write_text("models: {mlp: {network: mlp, widths: [8]}}")
    return tmp_path


@pytest.fixture
def kept() -> runs.KeptRun:
    """Return a run with everything in it; a failed one lies beside it."""
    Path("folder").mkdir()
    Path("folder/card.md").write_text("# Card")
    with start_run("train", {"rate": 0.1, "größe ☃": "ü"}, ["b", "a"]) as run:
        run.log({"loss": 0.5, "größe ☃": math.inf}, step=3)
        run.log({"loss": math.nan}, step=4)
        run.artifact("folder", "a/../card ☃")
    with pytest.raises(ZeroDivisionError), start_run("tune", {}):
        raise ZeroDivisionError
    return runs.read(run.url)


def export(target: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["export_runs", "--to", target]) == 0
    return capsys.readouterr().out


def test_tensorboard_has_the_runs(kept: runs.KeptRun, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorboard", reason=f"{BRING} tensorboard")
    reader = import_module("tensorboard.backend.event_processing.event_accumulator")
    hparams = import_module("tensorboard.plugins.hparams.metadata")
    assert "2 runs exported, 0 were there" in export("tensorboard", capsys)
    folder = Path(f".cache/runs/{kept.name}")
    events = reader.EventAccumulator(str(folder))
    events.Reload()
    points = events.Tensors("loss")
    assert [point.step for point in points] == [3, 4]
    assert [point.wall_time for point in points] == [point.at for point in kept.curves["loss"]]
    assert points[0].tensor_proto.float_val[0] == 0.5
    assert math.isnan(points[1].tensor_proto.float_val[0])
    assert events.Tensors("größe ☃")[0].tensor_proto.float_val[0] == math.inf
    assert events.Tensors("tags")[0].tensor_proto.string_val == [b"b, a"]
    assert events.Tensors("status")[0].tensor_proto.string_val == [b"finished"]
    content = events.SummaryMetadata(hparams.SESSION_START_INFO_TAG).plugin_data.content
    params = hparams.parse_session_start_info_plugin_data(content).hparams
    assert (params["rate"].number_value, params["größe ☃"].string_value) == (0.1, "ü")
    assert [path.read_text() for path in folder.glob("artifacts/*/card.md")] == ["# Card"]
    assert "0 runs exported, 2 were there" in export("tensorboard", capsys)
    assert len(list(Path(".cache/runs").glob("*/events*"))) == 2


def test_mlflow_has_the_runs(kept: runs.KeptRun, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("mlflow", reason=f"{BRING} mlflow")
    assert "2 runs exported, 0 were there" in export("mlflow", capsys)
    client = import_module("mlflow.tracking").MlflowClient("sqlite:///.cache/runs/mlflow.db")
    experiment = client.get_experiment_by_name(PACKAGE).experiment_id
    found = {run.info.run_name: run for run in client.search_runs([experiment])}
    run = found[kept.name]
    assert run.data.params["rate"] == "0.1"
    assert run.data.params["größe :2603:"] == "ü"
    assert (run.data.tags["job"], run.data.tags["tags"]) == ("train", '["b", "a"]')
    [largest] = client.get_metric_history(run.info.run_id, "größe :2603:")
    assert largest.value == sys.float_info.max
    points = client.get_metric_history(run.info.run_id, "loss")
    assert [(point.step, point.timestamp) for point in points] == [
        (point.step, int(1000 * point.at)) for point in kept.curves["loss"]
    ]
    assert points[0].value == 0.5
    assert math.isnan(points[1].value)
    assert run.info.status == "FINISHED"
    assert sorted(run.info.status for run in found.values()) == ["FAILED", "FINISHED"]
    files = Path(".cache/runs/artifacts").rglob("card.md")
    assert [path.read_text() for path in files] == ["# Card"]
    assert "0 runs exported, 2 were there" in export("mlflow", capsys)
    assert len(client.search_runs([experiment])) == 2


def test_wandb_has_the_runs(kept: runs.KeptRun, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("wandb", reason=f"{BRING} wandb")
    assert "2 runs exported, 0 were there" in export("wandb", capsys)
    [path] = Path(".cache/runs/wandb").glob(f"offline-run-*/run-{kept.id}.wandb")
    found = records(path)
    [opened] = found["run"]
    config = {item.key: item.value_json for item in opened.config.update}
    assert (config["rate"], config["größe ☃"]) == ("0.1", '"ü"')
    assert (opened.job_type, opened.display_name) == ("train", kept.name)
    assert list(opened.tags) == ["b", "a"]
    rows = [
        {item.key or ".".join(item.nested_key): item.value_json for item in row.item}
        for row in found["history"]
    ]
    assert [row["_step"] for row in rows] == ["3", "4"]
    assert rows[0]["loss"] == "0.5"
    assert (rows[1]["loss"], rows[0]["größe ☃"]) == ("NaN", "Infinity")
    assert float(rows[1]["_timestamp"]) == kept.curves["loss"][1].at
    [artifact] = found["artifact"]
    assert [entry.path for entry in artifact.manifest.contents] == ["card.md"]
    assert found["exit"][0].exit_code == 0
    assert "0 runs exported, 2 were there" in export("wandb", capsys)
    assert len(list(Path(".cache/runs/wandb").glob("offline-run-*"))) == 2
    assert not Path("home").exists()


def records(path: Path) -> dict[str, list[Any]]:
    """Return the records of a closed run; W&B's own process may write the last one later."""
    for _ in range(200):
        if "exit" in (found := records_so_far(path.read_bytes())):
            return found
        time.sleep(0.05)
    raise AssertionError(f"{path} was not closed, it holds {list(found)}")


def records_so_far(content: bytes) -> dict[str, list[Any]]:
    """Put the parts of each record together: no header crosses the end of a block of 32 KiB."""
    record = import_module("wandb.proto.wandb_internal_pb2").Record
    position, parts = 7, b""
    found: dict[str, list[Any]] = {}
    while position + 7 <= len(content):
        if (left := 32768 - position % 32768) < 7:
            position += left
            continue
        _, length, kind = struct.unpack("<IHB", content[position : position + 7])
        parts += content[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in {1, 4}:  # a record in one part, or its last part
            read = record.FromString(parts)
            name = str(read.WhichOneof("record_type"))
            found.setdefault(name, []).append(getattr(read, name))
            parts = b""
    return found


def test_a_run_that_went_on_is_exported_anew(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorboard", reason=f"{BRING} tensorboard")
    with start_run("train", {}) as run:
        run.log({"loss": 0.5}, step=0)
        assert "1 runs exported" in export("tensorboard", capsys)
    assert "1 runs exported" in export("tensorboard", capsys)
    assert "0 runs exported" in export("tensorboard", capsys)


def test_a_run_that_is_refused_does_not_hold_back_the_others(
    kept: runs.KeptRun, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorboard", reason=f"{BRING} tensorboard")
    Path(f".cache/runs/{kept.name}").write_text("a file where the folder should be")
    assert main(["export_runs", "--to", "tensorboard"]) == 1
    output = capsys.readouterr().out
    assert "1 runs exported" in output
    assert f"refused: {kept.name}: " in output


@pytest.mark.parametrize("target", ["tensorboard", "mlflow", "wandb"])
def test_a_library_that_is_missing_is_named_with_the_cure(
    target: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, f"{PACKAGE}.migration.to_{target}", raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == target]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, target, None)
    assert main(["export_runs", "--to", target]) == 2
    error = capsys.readouterr().err
    assert f"make tracking-export TO={target} brings it along" in error
