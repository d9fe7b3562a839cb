"""How the name of one file may be spelled: percent-encoding, separators, Unicode forms, `./` and `//`.

Owns the spellings that are tried, the likeliest first. Pure. Must not do: say which of them may be read.
"""

import re
import unicodedata
import urllib.parse
from typing import Final

_PLAIN: Final = re.compile(r"[\x20-$&-\[\]-~]*")
"""ASCII without percent signs and backslashes."""
_UNTIDY: Final = re.compile(r"//|(?:^|/)\.(?:/|$)")


def list_spellings(path: str, *, encoded: bool = False) -> list[str]:
    """Return the spellings of `path`; that of a web address is `encoded`, so it is decoded first.

    The text as it is comes before a backslash read as a separator, as Windows writes it, and before another Unicode
    form, as a Mac writes it.
    """
    if _PLAIN.fullmatch(path):
        return [tidy_path(path)]
    decoded = decode(path)
    texts = (decoded, path) if encoded else (path, decoded)
    slashes = [form for text in texts for form in (text, text.replace("\\", "/"))]
    forms = [unicodedata.normalize(form, text) for form in ("NFC", "NFD") for text in slashes]
    return list(dict.fromkeys(tidy_path(text) for text in (*slashes, *forms)))


def decode(text: str) -> str:
    """Return percent-encoded text decoded, as it is where it is not UTF-8."""
    try:
        return urllib.parse.unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


def tidy_path(path: str) -> str:
    """Return a path without what means nothing in it: `.` and repeated slashes."""
    if not _UNTIDY.search(path):
        return path
    start = "/" if path.startswith("/") else ""
    return start + "/".join(part for part in path.split("/") if part not in ("", "."))
