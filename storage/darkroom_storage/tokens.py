"""Tokens that open a container over https: shared access signatures, each sent below its own prefix only.

Owns which address gets which token. Must not do: read a Secret, or connect.
"""

import re
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from darkroom_storage import secrets

_PERMISSIONS: Final = {"r": "read", "l": "list", "w": "write", "d": "delete"}
"""What the letters of `sp` allow."""


@dataclass(frozen=True)
class ContainerToken:
    """The query that opens whatever lies below a prefix, such as `https://host/container/`."""

    prefix: str
    query: str

    def opens(self, uri: str) -> bool:
        """Return whether `uri` is below the prefix; one with a query has its own token, or needs none."""
        parts = urllib.parse.urlsplit(uri)
        segments = re.split(r"[\\/]", urllib.parse.unquote(parts.path))
        place = urllib.parse.urlunsplit((parts.scheme, parts.netloc.lower(), parts.path, "", ""))
        return not parts.query and ".." not in segments and place.startswith(self.prefix)


def read_token(url: str) -> ContainerToken:
    """Return the token of a container's URL, which opens what is below its path; ValueError without one."""
    parts = urllib.parse.urlsplit(url)
    fields = urllib.parse.parse_qs(parts.query)
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or "sig" not in fields:
        raise ValueError("it must be the URL of a container with its token, as https://host/container?...&sig=...")
    secrets.remember(fields["sig"])
    path = parts.path.rstrip("/") + "/"
    return ContainerToken(urllib.parse.urlunsplit(("https", parts.netloc.lower(), path, "", "")), parts.query)


def find_tokens(uris: Iterable[str]) -> tuple[ContainerToken, ...]:
    """Return the tokens in addresses of single files that open the whole container of the file."""
    found = []
    for uri in uris:
        if not uri.startswith("https://"):
            continue
        parts = urllib.parse.urlsplit(uri)
        fields = urllib.parse.parse_qs(parts.query)
        # Of a container (sr=c), or of a whole account (ss), which other containers do not get.
        if "sig" in fields and (fields.get("sr") == ["c"] or "ss" in fields):
            container = parts.path.lstrip("/").partition("/")[0]
            found.append(read_token(urllib.parse.urlunsplit(parts._replace(path=f"/{container}", fragment=""))))
    return tuple(found)


def add_token(uri: str, tokens: Iterable[ContainerToken]) -> str:
    """Return `uri` with the token that opens it, where one does."""
    query = next((token.query for token in tokens if token.opens(uri)), None)
    return uri if query is None else f"{uri}?{query}"


def find_fault(query: str, permission: str, now: datetime) -> str | None:
    """Return why a token does not allow `permission`, a letter of `sp`, and what to do; None where it seems to."""
    fields = urllib.parse.parse_qs(query)
    ends, begins, allowed = (fields.get(name, [""])[0] for name in ("se", "st", "sp"))
    end, begin = _read_time(ends), _read_time(begins)
    if end is not None and end <= now:
        return f"its token expired at {ends}; make a new one"
    if begin is not None and begin > now:
        return f"its token is valid from {begins} on; wait, or make one that begins now"
    if allowed and permission not in allowed:
        return (
            f"its token lacks the permission to {_PERMISSIONS[permission]} (its sp={allowed} has no {permission}); "
            "make one that has it"
        )
    return None


def _read_time(stamp: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
