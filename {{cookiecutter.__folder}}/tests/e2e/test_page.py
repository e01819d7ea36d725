"""The page, whatever the schema: drawn for images, filled in for tables."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from browser import open_browser, open_page
from playwright.sync_api import Browser, Page, expect
from served import Served, serve
from small_model import write_model

from {{cookiecutter.package_name}}.data.schema import SCHEMA
from {{cookiecutter.package_name}}.data.spec import Feature, Schema
from {{cookiecutter.package_name}}.monitoring.events import read_events
from {{cookiecutter.package_name}}.predictor import Predictor

IMAGE = Schema(
    features=tuple(Feature(f"pixel_{i}", low=0, high=255) for i in range(12 * 10)),
    classes=("cat", "dog", "eel"),
    input_shape=(1, 12, 10),
)
TABLE = Schema(
    features=(Feature("petal_length", 0.5, 8), Feature("age", 0, 120), Feature("mass", 1e3, 9e3)),
    classes=("setosa", "versicolor"),
    input_shape=(3,),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(
    scope="module", params=[IMAGE, TABLE, SCHEMA], ids=["image", "table", "this project's"]
)
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("page")
    write_model(folder / "models", schema=request.param)
    with serve(folder / "models", folder, page="on") as served:
        yield served


only_image = pytest.mark.parametrize("service", [IMAGE], indirect=True, ids=["image"])
only_table = pytest.mark.parametrize("service", [TABLE], indirect=True, ids=["table"])


def draw(page: Page) -> None:
    pad = page.locator("#pad")
    pad.wait_for()  # it appears with the schema
    box = pad.bounding_box()
    assert box
    left, top, size = box["x"], box["y"], box["width"]
    page.mouse.move(left + 0.3 * size, top + 0.2 * size)
    page.mouse.down()
    page.mouse.move(left + 0.6 * size, top + 0.8 * size, steps=10)
    page.mouse.up()


def events(service: Served) -> list[dict[str, Any]]:
    return list(read_events(service.log.parent / "events"))


def test_it_predicts_by_the_schema(browser: Browser, service: Served) -> None:
    about = Predictor(service.log.parent / "models")
    with open_page(browser, service.url) as page:
        expect(page.locator("#bars li")).to_have_count(len(about.schema.classes))
        if len(about.schema.input_shape) == 3:
            draw(page)
        else:
            page.get_by_role("button", name="Predict").click()
        page.locator("#summary strong").wait_for()
        expect(page.locator("#summary strong")).to_have_text(events(service)[-1]["labels"][0])
        expect(page.locator("#model")).to_have_text(about.id)
        expect(page.locator("#latency")).to_have_text(re.compile(r"^\d+ ms$"))


@only_image
def test_one_drawing_of_many_strokes_is_one_request(browser: Browser, service: Served) -> None:
    before = len(events(service))
    with open_page(browser, service.url) as page:
        for _ in range(3):
            draw(page)
        page.locator("#summary strong").wait_for()
    (event,) = events(service)[before:]
    values = event["features"][0]
    assert (len(values), min(values), max(values)) == (120, 0, 255)


@only_image
def test_clear_is_reached_by_the_keyboard_and_forgets_the_drawing(
    browser: Browser, service: Served
) -> None:
    with open_page(browser, service.url) as page:
        draw(page)
        page.locator("#summary strong").wait_for()
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Clear")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("Draw, and lift the pen.")


@only_image
def test_a_finger_draws_as_a_mouse_does(browser: Browser, service: Served) -> None:
    with open_page(browser, service.url) as page:
        page.locator("#pad").tap()
        expect(page.locator("#summary strong")).to_be_visible()


@only_table
def test_a_form_starts_with_the_middle_of_each_range(browser: Browser, service: Served) -> None:
    with open_page(browser, service.url) as page:
        field = page.get_by_label("Petal length")
        expect(field).to_have_value("4.25")
        expect(field).to_have_accessible_description("0.5 to 8")


@only_table
def test_what_the_service_says_of_a_value_stands_beside_its_field(
    browser: Browser, service: Served
) -> None:
    with open_page(browser, service.url) as page:
        age = page.get_by_label("Age")
        for value, got in (("121", "121"), ("", "null")):
            age.fill(value)
            age.press("Enter")
            expect(age).to_have_accessible_description(re.compile(f"got {got}$"))
            expect(age).to_be_focused()
        expect(page.get_by_role("status")).to_contain_text("does not take these values")
        age.fill("50")
        age.press("Enter")
        expect(page.locator("#summary strong")).to_be_visible()
        expect(age).to_have_attribute("aria-invalid", "false")


@only_table
def test_it_says_so_when_the_service_is_away_and_recovers(
    browser: Browser, service: Served
) -> None:
    with open_page(browser, service.url) as page:
        page.get_by_role("button", name="Predict").wait_for()
        page.route("**/v1/infer", lambda route: route.abort())
        page.get_by_role("button", name="Predict").click()
        expect(page.get_by_role("alert")).to_contain_text("The service does not answer")
        page.unroute("**/v1/infer")
        expect(page.locator("#summary strong")).to_be_visible()
        expect(page.get_by_role("alert")).to_be_hidden()


@only_table
def test_it_has_a_dark_look_and_fits_a_phone(browser: Browser, service: Served) -> None:
    with open_page(browser, service.url, width=340) as page:
        page.emulate_media(color_scheme="dark")
        assert page.evaluate("document.documentElement.scrollWidth") <= 340
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == "rgb(18, 18, 28)"
