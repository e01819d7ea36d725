"""Drawn digits are read rightly: through the page, the service, and a model trained on the spot."""

import math
from collections.abc import Iterator

import pytest
from browser import open_browser, open_page
from playwright.sync_api import Page, expect
from served import serve
from trained import train_model

from {{cookiecutter.package_name}}.data.source import load
from {{cookiecutter.package_name}}.params import ModelParams

Stroke = list[tuple[float, float]]
CNN = ModelParams(network="cnn", widths=(32, 32, 64), epochs=15, learning_rate=0.005)


def arc(middle: tuple[float, float], width: float, height: float, start: int, end: int) -> Stroke:
    """Part of an ellipse; angles in degrees, clockwise from the right."""
    angles = [math.radians(start + (end - start) * i / 20) for i in range(21)]
    return [(middle[0] + width * math.cos(a), middle[1] + height * math.sin(a)) for a in angles]


# As people write them, on a sheet that is 1 high; x to the right, y down.
DIGITS: dict[str, list[Stroke]] = {
    "0": [arc((0.3, 0.5), 0.28, 0.5, -90, -450)],
    "1": [[(0.1, 0.25), (0.35, 0), (0.35, 1)]],
    "2": [[*arc((0.3, 0.27), 0.28, 0.27, -170, 20), (0.45, 0.55), (0.02, 1), (0.6, 1)]],
    "3": [arc((0.25, 0.25), 0.27, 0.25, -150, 80) + arc((0.25, 0.73), 0.3, 0.27, -80, 140)],
    "4": [[(0.4, 0), (0.02, 0.62), (0.62, 0.62)], [(0.45, 0.3), (0.45, 1)]],
    "5": [[(0.1, 0), (0.08, 0.42), *arc((0.25, 0.68), 0.3, 0.3, -110, 140)], [(0.1, 0), (0.55, 0)]],
    "6": [[(0.45, 0), (0.2, 0.25), (0.05, 0.6), *arc((0.3, 0.72), 0.26, 0.28, 180, -180)]],
    "7": [[(0, 0), (0.55, 0), (0.25, 1)], [(0.12, 0.5), (0.52, 0.5)]],
    "8": [
        arc((0.3, 0.25), 0.22, 0.25, -60, -270)
        + arc((0.3, 0.75), 0.28, 0.25, -90, 270)
        + arc((0.3, 0.25), 0.22, 0.25, 90, -60)
    ],
    "9": [[*arc((0.3, 0.27), 0.26, 0.27, 0, -360), (0.55, 0.6), (0.5, 1)]],
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("digits")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        train_model(folder / "models", load(), CNN)
    with (
        open_browser() as browser,
        serve(folder / "models", folder, page="on") as served,
        open_page(browser, served.url) as opened,
    ):
        yield opened


def draw(page: Page, strokes: list[Stroke], place: tuple[float, float], size: float) -> None:
    pad = page.locator("#pad")
    pad.wait_for()  # it appears with the schema
    box = pad.bounding_box()
    assert box
    left, top, side = box["x"], box["y"], box["width"]
    for stroke in strokes:
        points = [
            (left + (place[0] + x * size) * side, top + (place[1] + y * size) * side)
            for x, y in stroke
        ]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()


@pytest.mark.parametrize("digit", DIGITS)
def test_a_drawn_digit_is_read(page: Page, digit: str) -> None:
    page.get_by_role("button", name="Clear").click()
    draw(page, DIGITS[digit], place=(0.25, 0.15), size=0.7)
    expect(page.locator("#summary strong")).to_have_text(digit)


@pytest.mark.parametrize(("place", "size"), [((0.02, 0.02), 0.2), ((0.75, 0.6), 0.35)])
def test_neither_place_nor_size_matter(page: Page, place: tuple[float, float], size: float) -> None:
    page.get_by_role("button", name="Clear").click()
    draw(page, DIGITS["3"], place, size)
    expect(page.locator("#summary strong")).to_have_text("3")
