"""Addresses of annotation files: which are taken, what they are mapped to, and which token opens them.

Pure. Must not do: resolve a name, or look at a disk.
"""

import contextlib
import pathlib
import re
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from darkroom_api.endpoints import EndpointProblem, check_text, find_origin
from darkroom_api.v1alpha1.common import URI_PATTERN, Storage
from darkroom_server.config import AnnotationRules, PrefixMapping
from darkroom_server.http.problems import Problem, bad_request
from darkroom_storage.errors import AddressForbidden
from darkroom_storage.local_files import to_path

MAX_URI_LENGTH: Final = 2048
MAX_TOKEN_LENGTH: Final = 2048
_FIELD: Final = "annotationFileUris"
_TOKEN_FIELD: Final = "authentication.sasToken"  # noqa: S105 - a field
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Placed:
    """Where the annotation files of a Dataset are, and how they are reached."""

    files: tuple[str, ...]
    storage: Storage | None
    mappings: tuple[PrefixMapping, ...]
    """For the images, whose addresses begin as those of the annotation files do."""


def place_files(uris: Sequence[str], rules: AnnotationRules, *, is_identity: bool) -> Placed:
    """Return where files are; raises the Problem of one that is not taken.

    `is_identity`: the installation's own credentials are asked for.
    """
    placed = [_place(uri, f"{_FIELD}[{number}]", rules) for number, uri in enumerate(uris)]
    files = tuple(file for file, _ in placed)
    if len(set(files)) != len(files):
        raise _refuse("names one file twice; name each once", _FIELD)
    default = rules.storage if is_identity else None
    storages = {mapping.storage if mapping is not None else default for _, mapping in placed}
    if len(storages) > 1:
        raise _refuse("names files of more than one storage; make a Dataset for each", _FIELD)
    return Placed(files, storages.pop(), rules.mappings)


def _place(uri: str, field: str, rules: AnnotationRules) -> tuple[str, PrefixMapping | None]:
    if len(uri) > MAX_URI_LENGTH or _CONTROL.search(uri):
        raise _refuse(f"is longer than {MAX_URI_LENGTH} characters, or holds control characters", field)
    mapping = next((mapping for mapping in rules.mappings if uri.startswith(mapping.from_prefix)), None)
    if mapping is not None:
        return _map(uri, mapping, field), mapping
    if not re.fullmatch(URI_PATTERN, uri):
        read = "https://HOST/..., s3://BUCKET/..., az://CONTAINER/... or file:///..."
        raise _refuse(f"is not an address that is read; give {read}", field)
    if uri.startswith("file:"):
        _check_file(uri, field, rules)
    if uri.startswith("https://"):
        _check_host(uri, field, rules)
    return uri, None


def _map(uri: str, mapping: PrefixMapping, field: str) -> str:
    # A token of the old storage means nothing to the new one.
    rest = uri.removeprefix(mapping.from_prefix).partition("?")[0]
    if _has_parents(rest):
        raise _refuse("holds '..'; give the address itself", field)
    mapped = mapping.to_prefix + rest
    if not re.fullmatch(URI_PATTERN, mapped):
        raise _refuse("names no file below a mapped prefix", field)
    return mapped


def _check_file(uri: str, field: str, rules: AnnotationRules) -> None:
    path = None
    if uri.startswith("file:/") and not _has_parents(uri) and not _CONTROL.search(urllib.parse.unquote(uri)):
        with contextlib.suppress(AddressForbidden):
            path = to_path(uri)
    if path is None or not _is_below(path, rules.folders):
        allowed = ", ".join(str(folder) for folder in rules.folders) or "none"
        raise _refuse(f"is not below a folder that this server may read (allowed: {allowed})", field)
    if _is_below(path, rules.own_folders):
        raise _refuse("is in the server's own folder, which no dataset may name; put the file elsewhere", field)


def _is_below(path: pathlib.Path, folders: Sequence[pathlib.Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _has_parents(text: str) -> bool:
    return ".." in re.split(r"[\\/]", urllib.parse.unquote(text))


def _check_host(uri: str, field: str, rules: AnnotationRules) -> None:
    try:
        if rules.reach is None:
            find_origin(uri)
        else:
            check_text(uri, rules.reach)
    except EndpointProblem as problem:
        message = str(problem).partition(";")[0]
        raise _refuse(f"may not be read: {message}; the server's --allow-url lists exceptions", field) from None


def build_container_url(uris: Sequence[str], token: str) -> str:
    """Return the address of the container that holds all files, with the token that opens it; raises a Problem."""
    token = token.removeprefix("?")
    if not token or len(token) > MAX_TOKEN_LENGTH or not re.fullmatch(r"[!-~]+", token) or "#" in token:
        raise bad_request(f"{_TOKEN_FIELD}: is not the query of a signed address", target=_TOKEN_FIELD)
    if "sig" not in urllib.parse.parse_qs(token):
        raise bad_request(f"{_TOKEN_FIELD}: has no `sig=`; give the whole query of the address", target=_TOKEN_FIELD)
    parts = [urllib.parse.urlsplit(uri) for uri in uris]
    if any(part.scheme != "https" for part in parts):
        raise _refuse("needs https:// addresses, where authentication.kind is sas", _FIELD)
    hosts = {part.netloc.lower() for part in parts}
    if len(hosts) > 1:
        raise _refuse("names files of more than one host, and a token opens one; make a Dataset for each", _FIELD)
    containers = {part.path.lstrip("/").partition("/")[0] for part in parts}
    container = containers.pop() if len(containers) == 1 else ""
    return f"https://{hosts.pop()}/{container}?{token}"


def _refuse(message: str, field: str) -> Problem:
    return Problem(400, "DatasetInvalidAnnotationUri", f"{field}: {message}", field)
