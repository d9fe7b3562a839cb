"""Keys that open one namespace each, from a mounted Secret or a file.

Owns their form and the comparison. Must not show a key, in an error or a log.
"""

import hmac
import pathlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from darkroom_server.auth.admission import Caller, Verb, read_credentials, refuse_unknown
from darkroom_server.backends.backend import Kind

MIN_KEY_LENGTH: Final = 16
NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class KeysUnusable(Exception):
    """A file or folder of keys that cannot be used; the text names the file."""


@dataclass(frozen=True)
class Key:
    """A key, the namespace that it opens, and its name for the log."""

    name: str
    namespace: str
    secret: str = field(repr=False)


class KeyAdmission:
    """Lets in whoever shows one of the keys, to everything in its namespace."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self._keys = tuple(keys)

    async def admit(self, request: Request, verb: Verb, kind: Kind) -> Caller:  # noqa: ARG002 - a key opens all
        """Return the namespace of the request's key."""
        found = find_key(self._keys, read_credentials(request).key)
        if found is None:
            raise refuse_unknown()
        return Caller(found.namespace, f"key {found.name}")


def find_key(keys: Sequence[Key], shown: str) -> Key | None:
    """Return the key that was shown; compares with each in a time that does not depend on where they differ."""
    given = shown.encode("utf-8", "surrogateescape")
    matching = [key for key in keys if hmac.compare_digest(key.secret.encode(), given)]
    return matching[0] if matching else None


def read_keys(folder: pathlib.Path) -> list[Key]:
    """Return the keys of a mounted Secret: one file each, named NAMESPACE or NAMESPACE.NAME; raises KeysUnusable."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return [read_key(path, path.name.partition(".")[0]) for path in files]


def read_key(path: pathlib.Path, namespace: str) -> Key:
    """Return the key in a file, which opens `namespace`; raises KeysUnusable."""
    if not NAMESPACE.fullmatch(namespace):
        raise KeysUnusable(f"{path}: {namespace!r} is no namespace; name the file NAMESPACE or NAMESPACE.NAME")
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeysUnusable(f"{path}: the key cannot be read ({type(error).__name__})") from error
    if len(secret) < MIN_KEY_LENGTH or not secret.isascii() or not secret.isprintable():
        raise KeysUnusable(f"{path}: a key has at least {MIN_KEY_LENGTH} printable ASCII characters, on one line")
    return Key(path.name, namespace, secret)
