"""One Chromium for all browser tests, and pages at the sizes of a desktop and of a phone.

A test fails when a console of its pages tells of an error: of a script, of something that did not load, or of what the
page's own policy refused.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from hack.browser.installation import CHROMIUM
from tests.support.browsing import SIZES


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A headless Chromium; root, which runs the tests on a cluster's machine, has no sandbox for it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture
def console_errors() -> Iterator[list[str]]:
    """What the consoles of the test's pages say; a test that provokes an error takes it out."""
    errors: list[str] = []
    yield errors
    assert not errors


@pytest.fixture
def open_page(browser: Browser, console_errors: list[str]) -> Iterator[Callable[[str], Page]]:
    """Open an empty page of a size, with nothing that other tests left behind."""
    contexts = []

    def open_one(size: str) -> Page:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, has_touch=size == "phone", is_mobile=size == "phone"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: console_errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: console_errors.append(str(error)))
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def desktop(open_page: Callable[[str], Page]) -> Page:
    """A page on a desktop."""
    return open_page("desktop")


@pytest.fixture
def phone(open_page: Callable[[str], Page]) -> Page:
    """A page on a phone."""
    return open_page("phone")


@pytest.fixture(params=SIZES)
def page(request: pytest.FixtureRequest, open_page: Callable[[str], Page]) -> Page:
    """A page at each size, one test each."""
    return open_page(request.param)
