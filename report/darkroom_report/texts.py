"""How texts are cut and spelled for people: names of strangers, keys of JSON, settings.

Owns where an ellipsis stands. Pure.
"""

from typing import Any


def shorten(text: str, limit: int) -> str:
    """Return `text` in at most `limit` characters, with an ellipsis where it was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def shorten_middle(text: str, limit: int) -> str:
    """Return `text` in at most `limit` characters, cut in its middle: names of products differ at their ends."""
    if len(text) <= limit:
        return text
    head = limit // 2
    return f"{text[:head].rstrip()}…{text[head + 1 - limit :].lstrip()}"


def split_words(key: str) -> str:
    """Return a name of JSON or Python as words."""
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in key)
    return spaced.replace("_", " ").strip()


def show_setting(value: Any) -> str:
    """Return a setting of a recipe."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
