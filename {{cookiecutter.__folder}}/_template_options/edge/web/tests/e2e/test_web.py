"""The page without a service: the model runs in the browser, by the predictor's rules."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import open_browser, open_page
from hosted import build, host, needs_runtime
from playwright.sync_api import Browser, Page, expect
from small_model import rows, write_model
from test_page import IMAGE, TABLE, draw

from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.predictor import InvalidInput, Predictor

pytestmark = needs_runtime

# Calls the very module that the page itself has loaded, with all rows at once.
PREDICT = """async (rows) => {
  const { predict } = await import(new URL("page/client.js", document.baseURI));
  const refusal = ({ message, place }) => ({ message, place });
  return Promise.all(rows.map((row) => predict(row).catch(refusal)));
}"""
# Asks an address that the policy does not allow, and waits for what the browser says of it.
STRAY = """(address) => new Promise((resolve) => {
  const note = (event) => resolve(event.effectiveDirective);
  document.addEventListener("securitypolicyviolation", note);
  setTimeout(() => resolve("nothing"), 5000);
  fetch(address).catch(() => {});
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(
    scope="module", params=[IMAGE, TABLE, SCHEMA], ids=["image", "table", "this project's"]
)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("web")
    write_model(path / "models", schema=request.param)
    build(path)
    return path


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with host(folder / "web/dist") as at:
        yield at


only_table = pytest.mark.parametrize("folder", [TABLE], indirect=True, ids=["table"])


def ready(page: Page) -> None:
    """Wait until the model is loaded: then the page shows where to draw or to type."""
    page.locator("#drawing:visible, #form:visible").wait_for()


def test_it_predicts_and_asks_nobody_but_its_host(
    browser: Browser, folder: Path, address: str
) -> None:
    asked: list[str] = []
    predictor = Predictor(folder / "models")
    with open_page(browser, "about:blank") as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        expect(page.get_by_text("runs in this browser")).to_be_visible()
        if len(predictor.schema.input_shape) == 3:
            draw(page)
        else:
            page.get_by_role("button", name="Predict").click()
        expect(page.locator("#summary strong")).to_have_text(re.compile(".+"))
        expect(page.locator("#model")).to_have_text(predictor.id)
        expect(page.locator("#latency")).to_have_text(re.compile(r"^\d+ ms$"))
    assert {url.removeprefix(address).split("/")[0] for url in asked} == {
        *("", "page", "model.json", "model.onnx"),
        *(path.name for path in (folder / "web/dist").glob("onnxruntime-*")),
    }


def test_many_rows_get_the_predictors_answers(browser: Browser, folder: Path, address: str) -> None:
    predictor = Predictor(folder / "models")
    array = rows(200, seed=3, schema=predictor.schema)
    expected = predictor.probabilities(predictor.validate(array))
    with open_page(browser, address) as page:
        ready(page)
        answers = page.evaluate(PREDICT, array.tolist())
    assert [answer["label"] for answer in answers] == predictor.labels(expected)
    found = np.array([answer["probabilities"] for answer in answers])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def spoiled(row: np.ndarray) -> list[Any]:
    """Give rows that are wrong in one way each."""
    good = row.tolist()
    bad: list[Any] = [None, "row", 1, [], good[:-1], [*good, good[0]], [good]]
    values: list[Any] = ["1", True, None, {}, float("nan"), float("inf"), 1e9, -1e9, 1e300]
    for value in values:
        wrong = row.astype(object)
        wrong.flat[-1] = value
        bad.append(wrong.tolist())
    return bad


@pytest.mark.parametrize("folder", [IMAGE, TABLE], indirect=True, ids=["image", "table"])
def test_what_the_predictor_refuses_is_refused_in_its_words(
    browser: Browser, folder: Path, address: str
) -> None:
    predictor = Predictor(folder / "models")
    bad = spoiled(rows(1, schema=predictor.schema)[0])
    with open_page(browser, address) as page:
        ready(page)
        answers = page.evaluate(PREDICT, bad)
    for row, answer in zip(bad, answers, strict=True):
        with pytest.raises(InvalidInput) as refused:
            predictor.validate([row])
        error = refused.value
        assert answer["message"].startswith(f"Expected {error.expected}, got ")
        assert answer["place"] == [int(i) for i in re.findall(r"\d+", error.field)][1:]


@only_table
def test_once_loaded_it_predicts_without_a_network(browser: Browser, address: str) -> None:
    with open_page(browser, address) as page:
        ready(page)
        page.context.set_offline(True)
        page.get_by_role("button", name="Predict").click()
        expect(page.locator("#summary strong")).to_be_visible()


@only_table
def test_what_is_wrong_with_a_value_stands_beside_its_field(browser: Browser, address: str) -> None:
    with open_page(browser, address) as page:
        age = page.get_by_label("Age")
        for value, got in (("121", "121"), ("", "null")):
            age.fill(value)
            age.press("Enter")
            expect(age).to_have_accessible_description(re.compile(f"got {got}$"))
        expect(page.get_by_role("status")).to_contain_text("does not take these values")
        age.fill("50")
        age.press("Enter")
        expect(page.locator("#summary strong")).to_be_visible()


@only_table
def test_a_flipped_byte_in_the_model_is_refused_until_it_is_mended(
    browser: Browser, folder: Path, tmp_path: Path
) -> None:
    good = folder / "web/dist/model.onnx"
    site = shutil.copytree(folder / "web/dist", tmp_path / "site")
    content = bytearray(good.read_bytes())
    content[-5] ^= 1
    (site / "model.onnx").write_bytes(content)
    shutil.copystat(good, site / "model.onnx")  # by the date, the browser's copy stays current
    with host(site) as address, open_page(browser, address) as page:
        expect(page.get_by_role("alert")).to_contain_text("not the one that was tested")
        expect(page.locator("#form")).to_be_hidden()
        shutil.copy2(good, site)
        ready(page)
        expect(page.get_by_role("alert")).to_be_hidden()


@only_table
def test_it_says_so_when_the_model_is_not_there(
    browser: Browser, folder: Path, tmp_path: Path
) -> None:
    site = shutil.copytree(folder / "web/dist", tmp_path / "site")
    (site / "model.onnx").unlink()
    with host(site) as address, open_page(browser, address) as page:
        expect(page.get_by_role("alert")).to_contain_text("model.onnx does not arrive")


@only_table
def test_it_says_so_when_the_runtime_does_not_start(
    browser: Browser, folder: Path, tmp_path: Path
) -> None:
    site = shutil.copytree(folder / "web/dist", tmp_path / "site")
    (runtime,) = site.glob("onnxruntime-*/*.min.mjs")
    runtime.unlink()
    with host(site) as address, open_page(browser, address) as page:
        expect(page.get_by_role("alert")).to_contain_text("does not run in this browser")


@only_table
def test_the_page_could_not_send_anything_elsewhere(browser: Browser, address: str) -> None:
    elsewhere = address.replace("127.0.0.1", "localhost")
    page = browser.new_page()
    page.goto(address)
    assert page.evaluate(STRAY, elsewhere) == "connect-src"
    page.close()
