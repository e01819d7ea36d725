"""What only TensorBoard has: pictures among the events, and files that are whole at any moment."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from tracked import open_events, read, text

from {{cookiecutter.package_name}}.tracking import start_run


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_picture_is_shown_as_well_as_kept() -> None:
    Figure(figsize=(2, 1), dpi=100).savefig("curve.png")
    with start_run("evaluate", {}) as run:
        run.artifact("curve.png", "mistakes")
    events = open_events(run.url)
    assert events.SummaryMetadata("mistakes").plugin_data.plugin_name == "images"
    width, height, picture = events.Tensors("mistakes")[0].tensor_proto.string_val
    assert (width, height) == (b"200", b"100")
    assert picture == Path("curve.png").read_bytes()
    assert read(run.url).artifacts == {"mistakes": ["curve.png"]}


def test_the_table_and_the_texts_say_how_a_run_ended() -> None:
    with start_run("train", {}, ["größe", "b"]) as run:
        pass
    events = open_events(run.url)
    assert text(events, "tags") == "größe, b"
    assert text(events, "status") == "finished"


def test_a_killed_run_has_what_was_logged_before() -> None:
    with start_run("train", {}) as run:
        run.log({"loss": 0.5}, step=0)
        kept = read(run.url)
    assert kept.curves["loss"] == [(0, 0.5)]
    assert kept.status == "running"
