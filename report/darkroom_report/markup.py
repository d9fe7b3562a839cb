"""HTML and SVG put together so that no text can become markup: tags and file names come from strangers.

Owns escaping. Only this module makes `Markup`; a plain string is always escaped. Must not know what a report says.
"""

import html
import re
from collections.abc import Sequence
from typing import Final

_UNSHOWABLE: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""What no page may hold, and what would turn the writing direction of the text around it."""
_VOID: Final = frozenset({"img", "meta", "br", "hr"})
MAX_NAME: Final = 80


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


Content = str | Markup | None
"""What an element may hold: a string is escaped, None is nothing."""


def clean(text: str) -> str:
    """Return `text` without characters that cannot be shown, a mark in the place of each."""
    return _UNSHOWABLE.sub("\ufffd", text)


def escape(text: str) -> Markup:
    """Return `text` as markup that shows it."""
    return Markup(html.escape(clean(text), quote=True))


def join(*children: Content) -> Markup:
    """Return all children one after another."""
    return Markup("".join(child if isinstance(child, Markup) else escape(child) for child in children if child))


def join_with(between: str, parts: Sequence[Content]) -> Markup:
    """Return the parts with a text between each two."""
    return join(*(join(between if at else None, part) for at, part in enumerate(parts)))


def element(name: str, *children: Content, **attributes: object) -> Markup:
    """Return an element; an attribute's underscores become hyphens, and one that is None is left out."""
    written = "".join(_write(key, value) for key, value in attributes.items() if value is not None)
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def _write(key: str, value: object) -> str:
    shown = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f' {key.rstrip("_").replace("_", "-")}="{escape(shown)}"'


def name(text: str, limit: int = MAX_NAME) -> Markup:
    """Return a stranger's name, cut to `limit` and kept from turning the text around it."""
    return element("bdi", shorten(text, limit))


def shorten(text: str, limit: int) -> str:
    """Return `text` in at most `limit` characters, with an ellipsis where it was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def shorten_middle(text: str, limit: int) -> str:
    """Return `text` in at most `limit` characters, cut in its middle: names of products differ at their ends."""
    if len(text) <= limit:
        return text
    head = limit // 2
    return f"{text[:head].rstrip()}…{text[head + 1 - limit :].lstrip()}"


def style(text: str) -> Markup:
    """Return a style sheet of ours as an element; its text is not escaped, so it must never hold a stranger's."""
    return Markup(f"<style>{text}</style>")
