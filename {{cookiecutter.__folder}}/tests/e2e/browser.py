"""A real headless browser, and what a page complains of in it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

# A browser of a test talks to the service under test and to nobody else.
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
MISSING = "no browser: uv run playwright install chromium, or apt-get install chromium"


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start the browser that CHROMIUM names, or the system's, or Playwright's own."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    sandbox = ["--no-sandbox"] if os.getuid() == 0 else []
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=program, args=QUIET + sandbox)
        except Error as error:
            if program is None and "Executable doesn't exist" in error.message:
                pytest.skip(MISSING)
            raise
        yield browser
        browser.close()


@contextmanager
def open_page(browser: Browser, address: str, width: int = 1000) -> Iterator[Page]:
    """Open `address`; errors in the page, and what its content policy forbade, fail the test."""
    complaints: list[str] = []
    page = browser.new_page(has_touch=True, viewport={"width": width, "height": 760})
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(address)
    yield page
    page.close()
    # The browser itself writes a line for each refused or failed request, which the page handles.
    assert [text for text in complaints if "Failed to load resource" not in text] == []
