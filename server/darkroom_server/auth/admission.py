"""Who may call: what a request shows, and the interface to what decides by it.

Owns the interface and the headers. Must not know where keys come from.
"""

from dataclasses import dataclass
from typing import Final, Literal, Protocol

from starlette.requests import Request

from darkroom_server.backends.backend import Kind
from darkroom_server.http.problems import Problem

Verb = Literal["get", "list", "create", "patch", "delete"]
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
    """Return the key and the bearer token of a request."""
    key = next((found for name in KEY_HEADERS if (found := request.headers.get(name))), "")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return Credentials(key, token.strip() if scheme.lower() == "bearer" else "")


def refuse_unknown() -> Problem:
    """Return the one answer to all who are not let in, whatever was wrong."""
    message = (
        "access denied: the request shows no key that is known here; send the header Ocp-Apim-Subscription-Key "
        "(Custom Vision's clients: Prediction-Key), or Authorization: Bearer with a token of the cluster"
    )
    return Problem(401, "PermissionDenied", message)
