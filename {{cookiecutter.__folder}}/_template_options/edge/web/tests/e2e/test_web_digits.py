"""Drawn digits are read in the browser, by a model trained on the spot, without any service."""

from collections.abc import Iterator

import pytest
from browser import open_browser, open_page
from hosted import build, host, needs_runtime
from playwright.sync_api import Page, expect
from test_page_digits import CNN, DIGITS, draw
from trained import train_model

from {{cookiecutter.package_name}}.data.source import load

pytestmark = needs_runtime


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("digits")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        train_model(folder / "models", load(), CNN)
    site = build(folder)
    with (
        host(site) as address,
        open_browser() as browser,
        open_page(browser, address) as opened,
    ):
        yield opened


@pytest.mark.parametrize("digit", DIGITS)
def test_a_drawn_digit_is_read_in_the_browser(page: Page, digit: str) -> None:
    page.get_by_role("button", name="Clear").click()
    draw(page, DIGITS[digit], place=(0.25, 0.15), size=0.7)
    expect(page.locator("#summary strong")).to_have_text(digit)
