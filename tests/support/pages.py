"""A page as a browser would see it, for the tests of the report."""

import html.parser
from typing import Any

from darkroom_report.templating import build_environment

VOID = frozenset({"img", "meta", "br", "hr"})


class Page(html.parser.HTMLParser):
    """What a browser would see: elements with attributes, open ones at the end, and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.strays: list[str] = []
        self.written: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which has to be the same."""
        if not self.open or self.open.pop() != tag:
            self.strays.append(tag)

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.written.append(data)

    @property
    def texts(self) -> list[str]:
        """Return each text that is more than the space between elements."""
        return [text.strip() for text in self.written if text.strip()]

    @property
    def text(self) -> str:
        """Return all that is written on the page."""
        return " ".join("".join(self.written).split())


def show_macro(template: str, macro: str, *arguments: Any) -> Page:
    """Return what a macro of the report's templates writes."""
    module = build_environment().get_template(template).module
    return Page(str(getattr(module, macro)(*arguments)))
