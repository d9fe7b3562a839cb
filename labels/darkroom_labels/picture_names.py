"""Which picture an address stands for, when another tool wrote the address: by all of it, its end, or its file name.

Pure. Must not guess: where two pictures fit, none does.
"""

import re
import unicodedata
import urllib.parse
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

_HOST: Final = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://([^/]*)/(.*)$", re.DOTALL)
_DRIVE: Final = re.compile(r"^[A-Za-z]:[\\/]")
_LOCAL_FILES: Final = "/data/local-files/?d="
_UPLOAD: Final = re.compile(r"(?:^|/)upload/\d+/([^/]+)$")
_UPLOAD_MARK: Final = re.compile(r"^[0-9a-f]{8}-(?=.)")
"""What Label Studio puts before the name of an uploaded file."""

Parts = tuple[str, ...]


class AmbiguousName(Exception):
    """Two pictures or more fit an address; the text names them."""


class PictureBook:
    """Pictures by all the addresses that they are known by, numbered in the order in which they were added."""

    def __init__(self) -> None:
        self._exact: dict[str, int] = {}
        self._by_name: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._first: list[str] = []
        self._hosts: list[frozenset[str]] = []

    def __len__(self) -> int:
        """Return how many pictures there are."""
        return len(self._first)

    def add(self, addresses: Sequence[str]) -> int:
        """Add a picture and return its number."""
        number = len(self._first)
        self._first.append(addresses[0])
        self._hosts.append(frozenset(host for address in addresses if (host := _find_host(address)) is not None))
        for address in dict.fromkeys(addresses):
            self._exact.setdefault(_tidy(address), number)
            self._by_name[_fold(find_base_name(address))].append((number, address))
        return number

    def find_exact(self, addresses: Sequence[str]) -> int | None:
        """Return the picture that has one of these addresses; where both have whole ones, by those alone."""
        is_whole = any(_find_host(address) is not None for address in addresses)
        for address in addresses:
            number = self._exact.get(_tidy(address))
            if number is not None and (_find_host(address) is not None or not (is_whole and self._hosts[number])):
                return number
        return None

    def find_same(self, addresses: Sequence[str]) -> int | None:
        """Return the picture whose address is one of these, or ends as one of these; raises AmbiguousName."""
        if (exact := self.find_exact(addresses)) is not None:
            return exact
        return self._choose([pair for address in addresses for pair in self._list_fitting(address, _is_end)], addresses)

    def find(self, addresses: Sequence[str]) -> int | None:
        """Return the picture that another tool calls so, be it by its file name alone; raises AmbiguousName."""
        found = self.find_same(addresses)
        if found is not None:
            return found
        return self._choose([pair for address in addresses for pair in self._list_fitting(address, _may_be)], addresses)

    def _list_fitting(self, address: str, fits: "_Rule") -> list[tuple[int, int]]:
        """Return the pictures that fit, each with how many parts at the end of its address are the same."""
        name = find_base_name(address)
        for text in dict.fromkeys((name, _UPLOAD_MARK.sub("", name) if _is_upload(address) else name)):
            parts = (text,) if _is_upload(address) else (*_split(address)[:-1], text)
            found = [
                (number, _count_common(parts, _split(known)))
                for number, known in self._by_name.get(_fold(text), ())
                if fits(address, parts, known, self._hosts[number])
            ]
            if found:
                return found
        return []

    def _choose(self, fitting: list[tuple[int, int]], addresses: Sequence[str]) -> int | None:
        best = max((count for _, count in fitting), default=0)
        numbers = sorted({number for number, count in fitting if count == best})
        if len(numbers) > 1:
            shown = " and ".join(repr(self._first[number].split("?", 1)[0]) for number in numbers[:3])
            raise AmbiguousName(f"{addresses[0].split('?', 1)[0]!r} may be {shown}")
        return numbers[0] if numbers else None


def _is_end(address: str, parts: Parts, known: str, hosts: frozenset[str]) -> bool:
    """Return whether the shorter of two paths is the end of the longer one; whole addresses would be equal."""
    if hosts and _find_host(address) is not None:
        return False
    short, long = sorted((tuple(map(_fold, parts)), tuple(map(_fold, _split(known)))), key=len)
    return long[len(long) - len(short) :] == short


def _may_be(address: str, parts: Parts, known: str, hosts: frozenset[str]) -> bool:  # noqa: ARG001 - a _Rule
    """Return whether an address may name a known picture in the tool's own storage, where only the name is the same."""
    host = _find_host(address)
    if host in hosts:
        return False  # in the same place another path is another picture
    is_elsewhere = host is not None or _DRIVE.match(address) is not None or address.startswith(("/", "\\"))
    return is_elsewhere or len(parts) == 1


_Rule = Callable[[str, Parts, str, frozenset[str]], bool]


def find_base_name(address: str) -> str:
    """Return the name of the file that an address ends with."""
    return _split(address)[-1]


def _tidy(address: str) -> str:
    return unicodedata.normalize("NFC", address.replace("\\", "/").removeprefix("./"))


def _fold(name: str) -> str:
    """Return a name without what file systems and uploads change: case, blanks, Unicode form."""
    return unicodedata.normalize("NFC", name).casefold().replace(" ", "_")


def _find_host(address: str) -> str | None:
    """Return the scheme and the host or bucket of an address, None for a path."""
    found = _HOST.match(address)
    return f"{found[1]}://{found[2]}".lower() if found else None


def _is_upload(address: str) -> bool:
    return _UPLOAD.search(_find_path(address)) is not None


def _find_path(address: str) -> str:
    """Return the path of an address: of a URL without its query, of a file that Label Studio serves the file's own."""
    if _LOCAL_FILES in address:
        return urllib.parse.unquote(address.split(_LOCAL_FILES, 1)[1])
    found = _HOST.match(address)
    if found is not None and found[1].lower() in ("http", "https", "amldatastore"):
        return urllib.parse.unquote(found[3].split("?", 1)[0])
    return (found[3] if found is not None else address).replace("\\", "/")


def _split(address: str) -> Parts:
    """Return the parts of a path, without those that lead nowhere."""
    parts = [part for part in _find_path(address).split("/") if part not in ("", ".", "..")]
    return tuple(parts) or ("",)


def _count_common(first: Parts, second: Parts) -> int:
    """Return how many parts are the same, from the end."""
    count = 0
    for one, other in zip(reversed(first), reversed(second), strict=False):
        if _fold(one) != _fold(other):
            break
        count += 1
    return count
