"""From the service's event log to a verdict, through the files that lie between."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_model import rows, write_model

from {{cookiecutter.package_name}}.__main__ import main
from {{cookiecutter.package_name}}.data.prepared import data_fingerprint
from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.monitoring.events import FOLDER, EventLog, recorded_features
from {{cookiecutter.package_name}}.predictor import Predictor

PARAMS = "models: {mlp: {network: mlp, widths: [4]}}\nmonitor: {minimum_rows: 200}\n"
REPORT, PICTURE = Path("reports/drift.json"), Path("reports/drift.png")


@pytest.fixture(autouse=True)
def project(folder: Path) -> None:
    write_model(folder / "models")
    Path("params.yaml").write_text(PARAMS, encoding="utf-8")
    Path("data/prepared").mkdir(parents=True)
    for seed, (split, count) in enumerate({"train": 1000, "validation": 200, "test": 200}.items()):
        values = rows(count, seed=seed).reshape(count, -1)
        frame = pd.DataFrame(values, columns=SCHEMA.feature_names)
        frame.to_parquet(f"data/prepared/{split}.parquet")
    say_trained_on(data_fingerprint())


def say_trained_on(fingerprint: str) -> None:
    about = json.loads(Path("models/model.json").read_text())
    Path("models/model.json").write_text(json.dumps(about | {"data": fingerprint}))


def serve(array: np.ndarray, size: int = 4_000_000) -> None:
    """Log `array` as the service would, one row a request."""
    predictor, log = Predictor(), EventLog(size=size)
    for row in np.split(array, len(array)):
        answer = predictor.probabilities(row)
        log.record(predictor.id, SCHEMA, row, predictor.labels(answer), answer)
    log.close()


def shifted(count: int) -> np.ndarray:
    """Rows in which every feature stays in the lower half of its range."""
    low = np.array([f.low for f in SCHEMA.features]).reshape(SCHEMA.input_shape)
    values: np.ndarray = (rows(count, seed=9) + low) / 2
    return values.astype(np.float32)


def report() -> dict[str, object]:
    result: dict[str, object] = json.loads(REPORT.read_text(encoding="utf-8"))
    return result


def test_data_like_the_reference_is_no_drift() -> None:
    serve(rows(300, seed=8))
    assert main(["monitor"]) == 0
    assert report()["verdict"] == "no drift"
    assert report()["drifted"] == []
    assert PICTURE.read_bytes().startswith(b"\x89PNG")


def test_shifted_data_is_drift_and_names_what_drifted(capsys: pytest.CaptureFixture[str]) -> None:
    serve(shifted(300))
    assert main(["monitor"]) == 3
    assert set(recorded_features(SCHEMA)) <= set(report()["drifted"])  # type: ignore[call-overload]
    assert capsys.readouterr().out.startswith("drift: 300 rows")


def test_too_few_rows_say_how_many_more(capsys: pytest.CaptureFixture[str]) -> None:
    PICTURE.parent.mkdir()
    PICTURE.write_bytes(b"of the week before")
    serve(shifted(150))
    assert main(["monitor"]) == 4
    assert "50 more rows are needed" in capsys.readouterr().out
    assert report()["verdict"] == "not enough data"
    assert not PICTURE.exists()


def test_no_events_at_all_are_not_enough() -> None:
    assert main(["monitor"]) == 4


def test_rotated_files_count_and_a_line_that_a_crash_cut_off_does_not() -> None:
    serve(rows(300, seed=8), size=100 * (150 + 12 * len(SCHEMA.features)))
    files = sorted(FOLDER.iterdir())
    assert len(files) > 1
    with files[-1].open("ab") as file:
        file.write(b'{"time": "2026-01-3')
    assert main(["monitor"]) == 0
    assert report()["requests"] == 300


def test_events_of_an_earlier_model_count_only_when_asked_for() -> None:
    serve(shifted(300))
    write_model(Path("models"), seed=1)
    say_trained_on(data_fingerprint())
    assert main(["monitor"]) == 4
    assert report()["skipped"] == {"other_models": 300, "unreadable": 0}
    assert main(["monitor", "--all"]) == 3


def test_the_report_can_be_printed_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    serve(rows(300, seed=8))
    main(["monitor", "--json", "--since", "1h"])
    assert json.loads(capsys.readouterr().out) == report()


def test_without_the_prepared_data_it_says_what_to_run(capsys: pytest.CaptureFixture[str]) -> None:
    serve(rows(300, seed=8))
    Path("data/prepared/train.parquet").unlink()
    assert main(["monitor"]) == 2
    assert "data/prepared/train.parquet is missing: run `make pipeline`" in capsys.readouterr().err


def test_a_reference_of_another_model_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    serve(rows(300, seed=8))
    say_trained_on("other rows")
    assert main(["monitor"]) == 2
    assert re.search("data/prepared is not what small-.* was trained on", capsys.readouterr().err)
