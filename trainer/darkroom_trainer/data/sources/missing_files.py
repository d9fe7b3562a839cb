"""Why nothing is where an address says: what is there instead, under another name or in another folder.

Owns which names count as near, and the words. Pure: addresses and a listing in, words out. Must not do: I/O.
"""

import difflib
import posixpath
import re
import unicodedata
import urllib.parse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from darkroom_trainer.data.naming import spellings

MAX_COMPARED: Final = 20
"""Names for which the most similar one is looked for; in a large folder each takes a tenth of a second."""
_LIKE: Final = 0.75
_LEVELS: Final = 3
_PLACE: Final = re.compile(r"^((?:s3|az)://[^/]+/|file:///|volume:)")
_BLANKS: Final = re.compile(r"[\s_\u200b\ufeff]+")
_DIGITS: Final = re.compile(r"\d+")
ARCHIVE: Final = re.compile(r"\.(?:zip|tar|tgz|tar\.gz|7z|rar)$", re.IGNORECASE)
_ENTRY: Final = re.compile(r"([^/]*\.(?:zip|tar|tgz|7z))[@/!:]+[^/]", re.IGNORECASE)


@dataclass(frozen=True)
class Absence:
    """The words that follow "does not exist", and the cause, which other files may share.

    `advice` goes on where the file is an image.
    """

    cause: str
    words: str
    advice: str = ""

    def tell_of_image(self, hint: str) -> str:
        """Return the words for an image, with what else its entry says."""
        if not hint:
            return self.words + self.advice
        return f"; {hint}" if self.cause in ("nowhere", "archive") else f"{self.words}{self.advice}; {hint}"


UNEXPLAINED: Final = Absence("nowhere", "; upload it or fix its address")


def choose_folders(uris: Sequence[str]) -> list[str]:
    """Return the folders to list for missing `uris`, each with a final slash: the one that all are below, then upwards.

    Addresses in another bucket than the first one's do not count; the root of a file system is not listed.
    """
    place = _PLACE.match(uris[0])
    if place is None:
        return []
    parents = [uri.removeprefix(place[1]).rpartition("/")[0] for uri in uris if uri.startswith(place[1])]
    folder = posixpath.commonpath(parents)
    folders = [folder]
    while folder:
        folder = folder.rpartition("/")[0]
        folders.append(folder)
    listed = folders[:-1] if place[1].startswith("file:") else folders
    return [f"{place[1]}{folder}/" if folder else place[1] for folder in listed[:_LEVELS]]


def show_uri(uri: str) -> str:
    """Return an address as its file is called: that of a local file without percent-encoding."""
    return urllib.parse.unquote(uri) if uri.startswith("file:") else uri


class NearbyFiles:
    """The files of a folder, to be asked for one that is not there."""

    def __init__(self, folder: str, uris: Iterable[str]) -> None:
        self._folder = show_uri(folder)
        self.names = [show_uri(uri).removeprefix(self._folder) for uri in uris]
        # The first of several counts, so they are entered from the end.
        self._folded = {_fold(name): name for name in reversed(self.names)}
        self._stems = {_fold(posixpath.splitext(name)[0]): name for name in reversed(self.names)}
        self._bases = {_fold(posixpath.basename(name)): name for name in reversed(self.names)}
        self._compared = 0

    def find(self, uri: str) -> Absence | None:
        """Return why `uri` is missing where a file of its name, or nearly so, is there."""
        wanted = show_uri(uri).removeprefix(self._folder)
        if wanted_fold := self._folded.get(_fold(wanted)):
            cause, why = _name_difference(wanted, wanted_fold)
            return Absence(cause, f", but {wanted_fold!r} does: {why}; give both the same name")
        if near := self._stems.get(_fold(posixpath.splitext(wanted)[0])):
            return Absence("ending", f", but {near!r} does; fix the ending of the name")
        if near := self._bases.get(_fold(posixpath.basename(wanted.replace("\\", "/")))):
            folder = f"{self._folder}{posixpath.dirname(near)}"
            advice = f": name {folder!r} in imageRoot, or map the names' beginning to it in urlMappings"
            return Absence("folder", f", but {near!r} is there", advice)
        return None

    def explain(self, uri: str) -> Absence:
        """Return why `uri` may be missing."""
        entry = _ENTRY.search(show_uri(uri))
        if entry is not None:
            advice = f"unpack {entry[1]!r} and give the names of what was in it"
            return Absence("archived", f": pictures inside an archive are not read; {advice}")
        return self.find(uri) or self._find_similar(uri) or self._describe()

    def _find_similar(self, uri: str) -> Absence | None:
        self._compared += 1
        if self._compared > MAX_COMPARED:
            return None
        wanted = posixpath.basename(show_uri(uri))
        bases = {posixpath.basename(name): name for name in self.names}
        for near in difflib.get_close_matches(wanted, bases, n=3, cutoff=_LIKE):
            if _DIGITS.sub("", near) != _DIGITS.sub("", wanted):  # a neighbour in a numbered row says nothing
                words = f"; the most similar name there is {bases[near]!r}: upload it or fix its name"
                return Absence("similar", words)
        return None

    def _describe(self) -> Absence:
        if not self.names:
            return Absence("empty", f"; there is no file at all below {self._folder}: upload them or fix the folder")
        archive = next((name for name in self.names if ARCHIVE.search(name)), None)
        if archive is not None:
            return Absence("archive", f"; {archive!r} is there, and archives are not read: unpack it")
        return UNEXPLAINED


_DIFFERENCES: Final[tuple[tuple[str, Callable[[str], str], str], ...]] = (
    ("case", str.casefold, "capital letters count"),
    ("blanks", lambda name: _BLANKS.sub("", name), "blanks and underscores count"),
    ("form", lambda name: unicodedata.normalize("NFC", name), "it looks the same, in another Unicode form"),
    ("encoding", spellings.decode, "one of the two is percent-encoded"),
    ("separators", lambda name: name.replace("\\", "/"), "the backslash is a part of that name"),
)


def _name_difference(wanted: str, found: str) -> tuple[str, str]:
    for cause, change, words in _DIFFERENCES:
        if change(wanted) == change(found):
            return cause, words
    return "spelling", "it is spelled in another way"


def _fold(name: str) -> str:
    """Return what names that differ in one of the differences have in common."""
    for _, change, _ in reversed(_DIFFERENCES):
        name = change(name)
    return name.casefold()
