"""Addresses that are refused: names that leave their folder or cannot be, and URLs that are none.

Owns the defence against hostile names, and its words. Pure: text in, AddressProblem out. Must not do: build addresses.
"""

import re
import urllib.parse
from typing import Final

from darkroom_storage.errors import display_uri

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_DRIVE: Final = re.compile(r"^[A-Za-z]:")
_SEPARATORS: Final = re.compile(r"[\\/]")
_MAX_SEGMENT_BYTES: Final = 255
"""What file systems take as one name."""
_MAX_KEY_BYTES: Final = 1024
"""What S3 takes as a key."""
_MAX_URL: Final = 8000
_MAX_ENCODINGS: Final = 4
"""How often a name may be percent-encoded over and over; each round is looked into."""


class AddressProblem(ValueError):
    """An image without an address that may be read; the text says what to do."""


def check_name(name: str) -> None:
    """Refuse a `file_name` that is no path below a folder."""
    if "://" in name and re.match(r"^[A-Za-z][A-Za-z0-9+.-]*:", name):
        raise AddressProblem(f"file_name {cut(name)!r} is an address: put it into absolute_url")
    if name.startswith(("/", "\\")) or _DRIVE.match(name):
        raise AddressProblem(
            f"file_name {cut(name)!r} is absolute; it must be relative to imageRoot{advise_mapping(name)}"
        )
    if not name.strip():
        raise AddressProblem("file_name is blank")


def check_path(path: str, written: str, *, is_local: bool = False) -> None:
    """Refuse a path with control characters, a way out of its folder, or a length that no storage takes."""
    if is_local and any(len(part.encode()) > _MAX_SEGMENT_BYTES for part in path.split("/")):
        raise _refuse(written, f"holds a name of more than {_MAX_SEGMENT_BYTES} bytes, which no storage takes")
    if len(path.encode()) > _MAX_KEY_BYTES:
        raise _refuse(written, f"is longer than {_MAX_KEY_BYTES:,} bytes, which no storage takes")
    _check_text(path, written)


def check_url(url: str, written: str) -> None:
    """Refuse an https address that cannot be one, or that leaves its folder."""
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise AddressProblem(f"address {cut(url)!r} is not a URL ({error}); fix it") from error
    if not host or len(url) > _MAX_URL:
        problem = f"is longer than {_MAX_URL:,} characters" if host else "names no host"
        raise AddressProblem(f"address {cut(url)!r} {problem}; fix it")
    _check_text(url.split("?", 1)[0], written)


def _check_text(path: str, written: str) -> None:
    """Refuse control characters and `..`, however often they are percent-encoded."""
    for _ in range(_MAX_ENCODINGS):
        control = _CONTROL.search(path)
        if control is not None:
            name = "a NUL character" if control[0] == "\0" else f"the control character {control[0]!r}"
            raise _refuse(written, f"holds {name}")
        if ".." in _SEPARATORS.split(path):
            raise AddressProblem(
                f"address {cut(written)!r} leaves its folder with ..; name files below imageRoot only"
                f"{advise_mapping(written)}"
            )
        decoded = urllib.parse.unquote(path) if "%" in path else path
        if decoded == path:
            return
        path = decoded
    raise _refuse(written, "is percent-encoded several times over")


def advise_mapping(written: str) -> str:
    """Return how a name of another machine is made one of this storage: by the beginning that it has there."""
    folder = written[: len(written) - len(_SEPARATORS.split(written)[-1])]
    return f", or map its beginning: urlMappings, from {cut(folder)!r} to the folder of the images"


def _refuse(written: str, problem: str) -> AddressProblem:
    return AddressProblem(f"address {cut(written)!r} {problem}; rename the file")


def cut(text: str) -> str:
    """Return an address for a message: not too long, and without a query, which may be a token."""
    text = display_uri(text)
    return text if len(text) <= 200 else text[:199] + "…"
