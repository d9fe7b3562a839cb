"""The secrets that this process has read, so that no text that leaves it shows one.

Owns the list and the way every text passes: `hide`. Must not do: read secrets, or know where a text goes.
"""

from collections.abc import Iterable
from typing import Any, Final

from darkroom_api.redaction import redact, redact_tree

_KNOWN: Final[set[str]] = set()
"""Of the process, since a line of the log may come from any thread and any library."""


def remember(secrets: Iterable[str]) -> None:
    """Never show these values from now on."""
    _KNOWN.update(secrets)


def hide(text: str) -> str:
    """Return `text` without secrets: those that were read, and whatever looks like one."""
    return redact(text, _KNOWN)


def hide_tree(value: Any) -> Any:
    """Return JSON without secrets."""
    return redact_tree(value, _KNOWN)
