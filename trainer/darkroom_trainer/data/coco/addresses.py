"""Where an image is: which of its addresses counts, and what it becomes.

Owns the order: an address that is mapped, then absolute_url, coco_url, file_name. Must not do: I/O.
Containment is checked on the text of the address; symbolic links inside a user's own local folder are followed.
"""

import re
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from darkroom_api.names import BUCKET_SCHEMES, VOLUME_SCHEME
from darkroom_api.v1alpha1.dataset import UrlMapping
from darkroom_trainer.data.coco.documents import ImageRecord
from darkroom_trainer.data.naming import refusals, spellings

_READABLE: Final = (*BUCKET_SCHEMES, "https://", "file:", VOLUME_SCHEME)
_WEB: Final = re.compile(r"^https?://", re.IGNORECASE)
_LOCAL: Final = re.compile(r"^file:(?://(?:localhost)?)?(?=/)")
_HOST: Final = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://[^/]*/?)")


@dataclass(frozen=True)
class Address:
    """Where an image may lie: `uris` differ in how its name is spelled, and the first one that exists counts.

    `hint` is what else its entry says, for the words where none of them exists.
    """

    uris: tuple[str, ...]
    hint: str = ""


@dataclass(frozen=True)
class AddressBook:
    """How the images of one annotation file are found: `root` is the folder for `file_name`, without a final slash.

    Below `local_roots`, folders as `file:` URIs, an entry's own `file:` address may be read.
    """

    root: str
    mappings: tuple[UrlMapping, ...] = ()
    local_roots: tuple[str, ...] = ()


def build_address_book(
    image_root: str, mappings: tuple[UrlMapping, ...], local_roots: tuple[str, ...] = ()
) -> AddressBook:
    """Return the addresses for images whose names are those of files below `image_root`."""
    return AddressBook(image_root.rstrip("/"), mappings, local_roots)


def resolve_address(record: ImageRecord, book: AddressBook) -> Address:
    """Return where to read an image from; AddressProblem where there is no address or where it is refused."""
    urls = [url for url in (record.absolute_url, record.coco_url) if url is not None]
    name = record.file_name
    for text in (*urls, name or ""):
        mapped = _map(text, book.mappings)
        if mapped:
            return Address(mapped)
    for url in urls:
        direct = _locate_url(url, book.local_roots)
        if direct:
            return Address(direct)
    if name is None:
        raise refusals.AddressProblem(_explain_unreadable(urls[0]))
    return Address(locate_name(name, book).uris, _hint(record, urls))


def locate_name(name: str, book: AddressBook) -> Address:
    """Return where to read a file from by its name alone; raises AddressProblem."""
    mapped = _map(name, book.mappings)
    if mapped:
        return Address(mapped)
    refusals.check_name(name)
    return Address(_locate(book.root, f"/{name}", name))


def find_uris(name: str, book: AddressBook) -> tuple[str, ...]:
    """Return the addresses of a name in the order of their likelihood; none where it is refused."""
    try:
        return locate_name(name, book).uris
    except refusals.AddressProblem:
        return ()


def _hint(record: ImageRecord, urls: Sequence[str]) -> str:
    """Return what an entry says that is not read, which may be why its file_name leads nowhere."""
    if record.archive:
        return f"its zip_file {refusals.cut(record.archive)!r} is not read: unpack it"
    if not urls:
        return ""
    return f"its address {refusals.cut(urls[0])!r} is passed over: no entry of urlMappings has its beginning"


def find_folder(uri: str) -> str:
    """Return the folder of a file; an https address keeps its query, since a token may open the whole folder."""
    if uri.startswith("https://"):
        parts = urllib.parse.urlsplit(uri)
        return urllib.parse.urlunsplit(parts._replace(path=parts.path.rpartition("/")[0], fragment=""))
    return uri.rpartition("/")[0] if "/" in uri else f"{uri.partition(':')[0]}:"


def _map(text: str, mappings: tuple[UrlMapping, ...]) -> tuple[str, ...]:
    """Return the URIs that the first matching mapping leads to; none where none matches or it cannot be read."""
    for mapping in mappings:
        if text.startswith(mapping.from_prefix):
            readable, rest = mapping.to_prefix.startswith(_READABLE), text.removeprefix(mapping.from_prefix)
            return _locate(mapping.to_prefix, rest, text, is_url=bool(_WEB.match(text))) if readable else ()
    return ()


def _locate_url(url: str, local_roots: tuple[str, ...]) -> tuple[str, ...]:
    """Return the URIs of an address that may be read without a mapping; none where it may not."""
    if url.startswith("https://"):
        refusals.check_url(url, url)
        return (url,)
    if url.startswith(BUCKET_SCHEMES):
        scheme, _, path = url.partition("://")
        bucket, _, key = path.partition("/")
        # As it is first: unlike a name, it may have come from a listing of the bucket.
        return tuple(dict.fromkeys((url, *_locate(f"{scheme}://{bucket}/", key, url))))
    if url.startswith(VOLUME_SCHEME):  # as a Prediction over a volume writes it
        return _locate_volume(VOLUME_SCHEME, url.removeprefix(VOLUME_SCHEME), url, encoded=False)
    below = _find_below(url, local_roots) if url.startswith("file:") else None
    return _locate(below[0], below[1], url, is_url=True) if below else ()


def _find_below(url: str, local_roots: tuple[str, ...]) -> tuple[str, str] | None:
    """Return the folder that a `file:` address is in and its path there; a relative one starts from the first."""
    if local_roots and not url.startswith("file:/"):
        return local_roots[0], "/" + url.removeprefix("file:")
    plain = _LOCAL.sub("file://", url)
    return next(((root, plain.removeprefix(root)) for root in local_roots if plain.startswith(f"{root}/")), None)


def _locate(prefix: str, rest: str, written: str, *, is_url: bool = False) -> tuple[str, ...]:
    """Return the URIs of `rest` behind `prefix`, the likeliest spelling first.

    `is_url`: `rest` is of a URL, so it is percent-encoded, and a query behind it names no file.
    """
    if prefix.startswith("https://"):
        return _locate_web(prefix, rest, written, is_url=is_url)
    path = rest.split("?", 1)[0] if is_url else rest
    if prefix.startswith(BUCKET_SCHEMES):
        return _locate_keys(prefix, path, written, encoded=is_url)
    if prefix.startswith(VOLUME_SCHEME):
        return _locate_volume(prefix, path, written, encoded=is_url)
    refusals.check_path(urllib.parse.unquote(prefix) + path, written, is_local=True)
    return tuple(prefix + urllib.parse.quote(text) for text in spellings.list_spellings(path, encoded=is_url))


def _locate_keys(prefix: str, path: str, written: str, *, encoded: bool) -> tuple[str, ...]:
    scheme, _, place = prefix.partition("://")
    bucket, _, folder = place.partition("/")
    if not bucket:  # mapped from one kind of bucket address to another
        bucket, _, path = path.partition("/")
    # The slash behind the bucket is ours, so that no path makes another bucket of it.
    place = f"{scheme}://{bucket}/"
    keys = [folder + text for text in spellings.list_spellings(path, encoded=encoded)]
    # Untidy text comes last: a key may hold what means nothing in a path.
    tidy = [spellings.tidy_path(key).lstrip("/") for key in keys]
    for key in (*keys, *tidy):
        refusals.check_path(key, written)
    return tuple(dict.fromkeys(place + key for key in (*tidy, f"{folder}{path}".lstrip("/"))))


def _locate_volume(prefix: str, path: str, written: str, *, encoded: bool) -> tuple[str, ...]:
    folder = prefix.removeprefix(VOLUME_SCHEME)
    names = [spellings.tidy_path(folder + text).lstrip("/") for text in spellings.list_spellings(path, encoded=encoded)]
    refusals.check_path(folder + path, written, is_local=True)
    return tuple(dict.fromkeys(VOLUME_SCHEME + name for name in names))


def _locate_web(prefix: str, rest: str, written: str, *, is_url: bool) -> tuple[str, ...]:
    """Return the https URIs of `rest`; a query of the prefix may be a token for the whole folder, so it stays last."""
    if prefix == "https://":  # mapped from plain http, so `rest` begins with the host
        refusals.check_url(prefix + rest, written)
        return (prefix + rest,)
    refusals.check_url(prefix, written)
    parts = urllib.parse.urlsplit(prefix)
    if is_url:
        texts = [rest.split("?", 1)[0] if parts.query else rest]
    else:
        refusals.check_path(rest, written)
        texts = [urllib.parse.quote(text) for text in spellings.list_spellings(rest)]
    uris = [urllib.parse.urlunsplit(parts._replace(path=parts.path + text)) for text in texts]
    for uri in uris:
        refusals.check_url(uri, written)
    return tuple(uris)


def _explain_unreadable(url: str) -> str:
    shown, match = refusals.cut(url), _HOST.match(url)
    if url.startswith("file:"):
        advice = refusals.advise_mapping(url)
        return f"address {shown!r} is a local file: darkroom run reads it below the manifest's folder only{advice}"
    if match is None:
        return f"address {shown!r} is not a URL and there is no file_name"
    return f"address {shown!r} cannot be read: add {match[1]} to urlMappings (from) with the bucket's address (to)"
