"""What the browser tests do with a page: check it as its readers need it, and take its picture.

Owns the sizes of a desktop and of a phone. A picture is kept where DARKROOM_SCREENSHOTS names a folder.
"""

import os
import pathlib
from typing import Any, Final, Literal

from playwright.sync_api import Page

from hack.browser.installation import find_axe

SIZES: Final = {"desktop": (1280, 900), "phone": (390, 844)}
"""Width and height in CSS pixels."""
_CHECKS: Final[dict[Literal["light", "dark"], dict[str, list[str]]]] = {
    "light": {},
    "dark": {"runOnly": ["color-contrast"]},
}
"""What axe is asked for by the scheme of colours: all of its rules, then the one that colours decide."""
_RUN: Final = "async options => (await axe.run(options)).violations"
_FIND_WIDE: Final = """width => document.documentElement.scrollWidth <= width ? [] :
  [...document.querySelectorAll("body, body *")]
    .filter(found => found.getBoundingClientRect().right > width)
    .map(found => found.outerHTML.slice(0, 120)).slice(0, 12)"""
_SEE_ALL: Final = """async () => {
  for (const image of document.images) { image.loading = "eager"; await image.decode().catch(() => {}) }
}"""
"""Images that load when they are scrolled to would be blank on a picture of the whole page."""


def check_accessibility(page: Page) -> None:
    """Fail with what axe finds on the page as it is now, in light and in dark colours."""
    page.evaluate(find_axe().read_text(encoding="utf-8"))
    for scheme, options in _CHECKS.items():
        page.emulate_media(color_scheme=scheme)
        found = [_describe(violation) for violation in page.evaluate(_RUN, options)]
        assert not found, f"{page.url}, {scheme}:\n" + "\n".join(found)
    page.emulate_media(color_scheme="light")


def _describe(violation: dict[str, Any]) -> str:
    """Return the rule with each element that breaks it."""
    nodes = [f"    {node['target']}: {node['html'][:200]}\n{node['failureSummary']}" for node in violation["nodes"]]
    return "\n".join([f"  {violation['id']} ({violation['impact']}): {violation['help']}", *nodes])


def check_width(page: Page) -> None:
    """Fail where the page can be moved sideways; names the elements that are too wide.

    A phone's own innerWidth grows with what is too wide, so the size that the page was opened at is what counts.
    """
    assert page.viewport_size
    wide = page.evaluate(_FIND_WIDE, page.viewport_size["width"])
    assert not wide, f"{page.url} is wider than its window, by\n" + "\n".join(wide)


def take_screenshot(page: Page, name: str) -> None:
    """Keep a picture of the whole page as NAME-WIDTH.png."""
    folder = os.environ.get("DARKROOM_SCREENSHOTS")
    if folder and page.viewport_size:
        page.evaluate(_SEE_ALL)
        path = pathlib.Path(folder) / f"{name}-{page.viewport_size['width']}.png"
        page.screenshot(path=path, full_page=True)
