"""Everybody: for a server behind a gateway that has decided who may call, such as KServe's.

Must be used only where an administrator asked for it: nothing is open by default.
"""

from starlette.requests import Request

from darkroom_server.auth.admission import Caller, Verb
from darkroom_server.backends.backend import Kind


class GatewayAdmission:
    """Lets everybody in, to one namespace."""

    def __init__(self, namespace: str) -> None:
        self._caller = Caller(namespace, "whoever the gateway let in")

    async def admit(self, request: Request, verb: Verb, kind: Kind) -> Caller:  # noqa: ARG002 - decided before
        """Return the one caller."""
        return self._caller
