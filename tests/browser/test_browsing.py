"""The checks of a page find what they are for."""

from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import Page

from tests.support.browsing import check_accessibility, check_width

PAGE: Final = """<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width">
<title>Shelf</title>{head}</head><body><main><h1>Shelf</h1>{body}</main></body></html>"""


def show(page: Page, body: str = "", head: str = "") -> Page:
    """Show a page that has nothing wrong but what is given."""
    page.set_content(PAGE.format(head=head, body=body))
    return page


def test_a_sound_page_passes(page: Page) -> None:
    check_accessibility(show(page, "<p>tea</p>"))
    check_width(page)


WRONG: Final = {
    "a picture without words": ("<img src='data:,'>", "image-alt"),
    "a field without a label": ("<input>", "label"),
    "a faint text": ("<p style='color: #aaa'>tea</p>", "color-contrast"),
    "a text that is faint in the dark": ("<p style='color: light-dark(#000, #444)'>tea</p>", "color-contrast"),
    "a button without words": ("<button></button>", "button-name"),
}


@pytest.mark.parametrize(("body", "rule"), WRONG.values(), ids=WRONG)
def test_the_check_of_accessibility_finds(desktop: Page, body: str, rule: str) -> None:
    head = "<style>:root { color-scheme: light dark } body { background: light-dark(#fff, #000) }</style>"
    with pytest.raises(AssertionError, match=rule):
        check_accessibility(show(desktop, body, head))


def test_the_check_of_the_width_names_what_is_too_wide(phone: Page) -> None:
    with pytest.raises(AssertionError, match="shelf-of-tea"):
        check_width(show(phone, "<p id='shelf-of-tea' style='width: 500px'>tea</p>"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<script>throw new Error('no tea')</script>", "no tea"),
        ("<script>console.error('no oil')</script>", "no oil"),
        (
            "<meta http-equiv='Content-Security-Policy' content=\"script-src 'none'\"><script>1</script>",
            "Content Security Policy",
        ),
    ],
    ids=["a script's error", "what a script says", "what the policy refuses"],
)
def test_errors_of_a_page_are_kept(
    open_page: Callable[[str], Page], console_errors: list[str], body: str, words: str
) -> None:
    show(open_page("desktop"), body)
    assert words in "".join(console_errors)
    console_errors.clear()
