"""Where an image is: which of its addresses counts, and which addresses are refused.

Owns the order absolute_url, coco_url, file_name and the defence against hostile names. Must not do: I/O.
Containment is checked on the text of the address; symbolic links inside a user's own local folder are followed.
"""

import re
import urllib.parse
from dataclasses import dataclass
from typing import Final

from darkroom_api.v1alpha1.dataset import UrlMapping
from darkroom_trainer.data.coco.documents import ImageRecord
from darkroom_trainer.runtime.errors import display_uri

_SCHEME: Final = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*):")
_BUCKETS: Final = ("s3://", "https://")
_DRIVE: Final = re.compile(r"^[A-Za-z]:")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_MAX_SEGMENT_BYTES: Final = 255
"""What file systems take as one name."""
_MAX_KEY_BYTES: Final = 1024
"""What S3 takes as a key."""
_MAX_URL: Final = 8000


class AddressProblem(ValueError):
    """An image without an address that may be read; the text says what to do."""


@dataclass(frozen=True)
class AddressBook:
    """How the images of one annotation file are found: `root` is the folder for `file_name`, without a final slash."""

    root: str
    mappings: tuple[UrlMapping, ...] = ()


def build_address_book(annotation_uri: str, image_root: str | None, mappings: tuple[UrlMapping, ...]) -> AddressBook:
    """Return the addresses for the images that `annotation_uri` names."""
    return AddressBook((image_root or _folder_of(annotation_uri)).rstrip("/"), mappings)


def resolve_address(record: ImageRecord, book: AddressBook) -> str:
    """Return the URI to read an image from; AddressProblem where there is none or where it is refused."""
    unreadable = []
    for url in (record.absolute_url, record.coco_url):
        if url is None:
            continue
        mapped, was_mapped = _map(url, book.mappings)
        if mapped.startswith(_BUCKETS) or (was_mapped and mapped.startswith("file:")):
            _check_path(mapped, url)
            return mapped
        unreadable.append(url)
    if record.file_name is not None:
        return _join(book.root, record.file_name)
    raise AddressProblem(_explain_unreadable(unreadable[0]))


def _folder_of(uri: str) -> str:
    """Return the folder; an https address keeps its query, since a token may open the whole folder."""
    if uri.startswith("https://"):
        parts = urllib.parse.urlsplit(uri)
        return urllib.parse.urlunsplit(parts._replace(path=parts.path.rpartition("/")[0], fragment=""))
    return uri.rpartition("/")[0] if "/" in uri else "file:"


def _map(url: str, mappings: tuple[UrlMapping, ...]) -> tuple[str, bool]:
    for mapping in mappings:
        if url.startswith(mapping.from_prefix):
            return mapping.to_prefix + url.removeprefix(mapping.from_prefix), True
    return url, False


def _check_path(uri: str, written: str) -> None:
    path = uri.split("?", 1)[0] if uri.startswith("https://") else uri
    _check_segments(path, written)
    if uri.startswith("https://"):
        _check_url(uri)
    else:
        _check_length(uri.split("://", 1)[-1].partition("/")[2], written, is_local=uri.startswith("file:"))
    if not uri.startswith("s3://"):
        _check_segments(urllib.parse.unquote(path), written)


def _check_segments(path: str, written: str) -> None:
    control = _CONTROL.search(path)
    if control is not None:
        name = "a NUL character" if control[0] == "\0" else f"the control character {control[0]!r}"
        raise AddressProblem(f"address {_cut(written)!r} holds {name}; rename the file")
    if ".." in re.split(r"[\\/]", path):
        raise AddressProblem(f"address {_cut(written)!r} leaves its folder with ..; name files below imageRoot only")


def _check_length(path: str, written: str, *, is_local: bool) -> None:
    """Refuse a name that no storage can hold; asking for it would look like a storage that refuses."""
    if is_local and any(len(part.encode()) > _MAX_SEGMENT_BYTES for part in path.split("/")):
        problem = f"holds a name of more than {_MAX_SEGMENT_BYTES} bytes"
    elif len(path.encode()) > _MAX_KEY_BYTES:
        problem = f"is longer than {_MAX_KEY_BYTES:,} bytes"
    else:
        return
    raise AddressProblem(f"address {_cut(written)!r} {problem}, which no storage takes; rename the file")


def _check_url(url: str) -> None:
    """Refuse an https address that cannot be one."""
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise AddressProblem(f"address {_cut(url)!r} is not a URL ({error}); fix it") from error
    if not host or len(url) > _MAX_URL:
        problem = f"is longer than {_MAX_URL:,} characters" if host else "names no host"
        raise AddressProblem(f"address {_cut(url)!r} {problem}; fix it")


def _cut(text: str) -> str:
    """Return an address for a message: not too long, and without a query, which may be a token."""
    text = display_uri(text)
    return text if len(text) <= 200 else text[:199] + "…"


def _join(root: str, file_name: str) -> str:
    if _SCHEME.match(file_name) and "://" in file_name:
        raise AddressProblem(f"file_name {_cut(file_name)!r} is an address: put it into absolute_url")
    if file_name.startswith(("/", "\\")) or _DRIVE.match(file_name):
        raise AddressProblem(f"file_name {_cut(file_name)!r} is absolute; it must be relative to imageRoot")
    if not file_name.strip():
        raise AddressProblem("file_name is blank")
    _check_segments(file_name, file_name)
    _check_length(file_name, file_name, is_local=root.startswith("file:"))
    if root.startswith("https://"):
        parts = urllib.parse.urlsplit(root)
        return urllib.parse.urlunsplit(parts._replace(path=f"{parts.path}/{urllib.parse.quote(file_name)}"))
    name = file_name if root.startswith("s3://") else urllib.parse.quote(file_name)
    return f"{root}/{name}"


def _explain_unreadable(url: str) -> str:
    match = re.match(r"^([A-Za-z][A-Za-z0-9+.-]*://[^/]*/?)", url)
    if match is None:
        return f"address {_cut(url)!r} is not a URL and there is no file_name"
    return (
        f"address {_cut(url)!r} cannot be read: add {match.group(1)} to urlMappings (from) with the bucket's s3:// (to)"
    )
