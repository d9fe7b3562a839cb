"""Who may call: what a request shows, and the interface to what decides by it.

Owns the interface and the headers. Must not know where keys come from.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from starlette.requests import Request

from darkroom_server.backends.backend import Kind
from darkroom_server.http.problems import Problem

Verb = Literal["get", "list", "create", "patch", "delete"]
NAMESPACE_PARAMETER: Final = "namespace"
"""Of the query, where a token that opens none of its own says which it means."""
KEY_HEADERS: Final = ("ocp-apim-subscription-key", "prediction-key", "training-key")


@dataclass(frozen=True)
class Caller:
    """Who was let in: the namespace whose resources they see, and their name for the log."""

    namespace: str
    name: str


@dataclass(frozen=True)
class Credentials:
    """What a request shows; empty where it does not."""

    key: str
    token: str


class Admission(Protocol):
    """Decides by a request's headers."""

    async def admit(self, request: Request, verb: Verb, kind: Kind) -> Caller:
        """Return who calls, where they may do `verb` to resources of `kind`; raises a Problem, 401 or 403."""


def read_credentials(request: Request) -> Credentials:
    """Return the key and the bearer token of a request; a password of HTTP basic authentication is a key, too."""
    key = next((found for name in KEY_HEADERS if (found := request.headers.get(name))), "")
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        return Credentials(key or _read_password(shown), "")
    return Credentials(key, shown.strip() if scheme.lower() == "bearer" else "")


def _read_password(encoded: str) -> str:
    """Return the password of `user:password`; empty where there is none. Label Studio shows no other header."""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


def refuse_unknown() -> Problem:
    """Return the one answer to all who are not let in, whatever was wrong."""
    message = (
        "access denied: the request shows no key that is known here; send the header Ocp-Apim-Subscription-Key "
        "(Custom Vision's clients: Prediction-Key; Label Studio: the connection's password), or Authorization: Bearer "
        "with a token of the cluster"
    )
    return Problem(401, "PermissionDenied", message)
