import json
import re
import shutil
from pathlib import Path

import pytest
from small_model import write_model

from {{cookiecutter.package_name}}.__main__ import main
from {{cookiecutter.package_name}}.artifacts import sha256
from {{cookiecutter.package_name}}.errors import UserError
from {{cookiecutter.package_name}}.steps import edge

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(folder: Path) -> Path:
    """Return a folder with a model, and in the runtime's place files of its names."""
    write_model(folder / "models")
    (folder / edge.RUNTIME / "dist").mkdir(parents=True)
    (folder / edge.RUNTIME / "package.json").write_text('{"version": "1.2.3"}')
    for name in (edge.SCRIPT, *edge.LOADED):
        (folder / edge.RUNTIME / "dist" / name).write_bytes(b"runtime")
    shutil.copy(ROOT / "web/client.js", folder / "web")
    shutil.copy(ROOT / "params.yaml", folder)
    return folder


def test_the_site_is_the_page_with_the_model_and_another_client(project: Path) -> None:
    assert main(["edge"]) == 0
    about = json.loads((edge.SITE / "model.json").read_text())
    assert about["sha256"] == sha256(edge.SITE / "model.onnx") == sha256("models/model.onnx")
    assert (edge.SITE / about["runtime"]).read_bytes() == b"runtime"
    for path in edge.PAGE.iterdir():
        if path.name not in ("client.js", "index.html"):
            assert (edge.SITE / "page" / path.name).read_bytes() == path.read_bytes()
    assert (edge.SITE / "page/client.js").read_bytes() == (ROOT / "web/client.js").read_bytes()


def test_both_clients_offer_the_page_the_same() -> None:
    exports = re.compile(r"^export (?:async function|class|const) (\w+)", re.MULTILINE)
    there, here = edge.PAGE / "client.js", ROOT / "web/client.js"
    assert exports.findall(here.read_text()) == exports.findall(there.read_text()) != []


def test_a_new_site_takes_nothing_over_from_the_old(project: Path) -> None:
    main(["edge"])
    (edge.SITE / "left.html").touch()
    new = write_model(project / "models", seed=1)
    assert main(["edge"]) == 0
    assert json.loads((edge.SITE / "model.json").read_text())["id"] == new
    assert not (edge.SITE / "left.html").exists()
    assert {path.name for path in Path("web").iterdir()} == {"client.js", "dist", "node_modules"}


def test_a_model_that_model_json_does_not_describe_is_refused_and_the_old_site_stays(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["edge"])
    before = sha256(edge.SITE / "model.onnx")
    model = project / "models/model.onnx"
    model.write_bytes(model.read_bytes() + b"\0")
    assert main(["edge"]) == 2
    assert "is not the file that model.json describes" in capsys.readouterr().err
    assert sha256(edge.SITE / "model.onnx") == before


@pytest.mark.parametrize("name", ["package.json", f"dist/{edge.LOADED[1]}"])
def test_without_the_runtime_it_says_how_npm_brings_it_and_the_old_site_stays(
    project: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["edge"])
    (edge.RUNTIME / name).unlink()
    assert main(["edge"]) == 2
    assert re.search(rf"{name} is missing: .*make edge.*npm", capsys.readouterr().err)
    assert (edge.SITE / "index.html").is_file()
    assert {path.name for path in Path("web").iterdir()} == {"client.js", "dist", "node_modules"}


def test_the_policy_comes_before_anything_that_it_is_about() -> None:
    page = edge.index((edge.PAGE / "index.html").read_text(encoding="utf-8"))
    assert page.index(edge.POLICY) < page.index("<link") < page.index("<script")
    assert "unsafe-inline" not in page
    assert edge.NOTICE in page


def test_a_page_without_a_place_for_the_policy_is_refused() -> None:
    with pytest.raises(UserError, match="put it back"):
        edge.index("<html></html>")
