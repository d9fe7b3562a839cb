"""Who may call a server on a cluster: holders of its keys, and users of the cluster as far as RBAC lets them.

Owns which of the two counts, and which namespace a caller sees: that of the key; for a token the one that the request
names, or the only one that is served. Must not ask the API server itself.
"""

import asyncio
import logging
import pathlib
from collections.abc import Sequence
from typing import Final

from starlette.requests import Request

from darkroom_server.auth.admission import NAMESPACE_PARAMETER, Caller, Verb, read_credentials, refuse_unknown
from darkroom_server.auth.keys import NAMESPACE, KeyAdmission, KeysUnusable, read_keys
from darkroom_server.auth.reviews import Reviews
from darkroom_server.backends.backend import BackendProblem, Kind
from darkroom_server.http.problems import Problem, bad_request

LOOK_SECONDS: Final = 10.0
_LOGGER: Final = logging.getLogger(__name__)


class ClusterAdmission:
    """An `admission.Admission` by keys and by tokens. A key counts before a token."""

    def __init__(self, keys_folder: pathlib.Path | None, reviews: Reviews | None, namespaces: Sequence[str]) -> None:
        self._folder = keys_folder
        self._keys = KeyAdmission(read_keys(keys_folder) if keys_folder else [])
        self._reviews = reviews
        self._namespaces = tuple(namespaces)

    async def follow_keys(self) -> None:
        """Take over changed keys until the task is cancelled; where they cannot be used the former ones stay."""
        while self._folder is not None:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                self._keys = KeyAdmission(await asyncio.to_thread(read_keys, self._folder))
            except (KeysUnusable, OSError) as error:
                _LOGGER.error("the keys stay as they were: %s", error)

    async def admit(self, request: Request, verb: Verb, kind: Kind) -> Caller:
        """Return who calls; raises a Problem: 400, 401, 403, or 503 where the API server does not answer."""
        shown = read_credentials(request)
        if shown.key or not shown.token or self._reviews is None:
            return await self._keys.admit(request, verb, kind)
        try:
            return await self._admit_user(self._reviews, shown.token, request, verb, kind)
        except BackendProblem as problem:
            _LOGGER.warning("a token could not be reviewed: %s", problem)
            message = "the token cannot be checked now, since the cluster's API server does not answer; try again"
            raise Problem(503, "ServiceUnavailable", message, retry_after_seconds=2) from problem

    async def _admit_user(self, reviews: Reviews, token: str, request: Request, verb: Verb, kind: Kind) -> Caller:
        user = await reviews.find_user(token)
        if user is None:
            raise refuse_unknown()
        namespace = self._find_namespace(request)
        if not await reviews.is_allowed(user, verb, kind, namespace):
            message = f"{user['username']} may not {verb} {kind}s in namespace {namespace}; ask for a role that may"
            raise Problem(403, "PermissionDenied", message)
        return Caller(namespace, user["username"])

    def _find_namespace(self, request: Request) -> str:
        asked = {value for key, value in request.query_params.multi_items() if key.lower() == NAMESPACE_PARAMETER}
        namespaces = asked or set(self._namespaces)
        if len(namespaces) != 1:
            message = "a token opens no namespace of its own: name the one that is meant, as ?namespace=NAME"
            raise bad_request(message, target=NAMESPACE_PARAMETER)
        found = namespaces.pop()
        if not NAMESPACE.fullmatch(found):
            raise bad_request(f"{found[:80]!r} is no name of a namespace", target=NAMESPACE_PARAMETER)
        if self._namespaces and found not in self._namespaces:
            served = ", ".join(self._namespaces)
            raise bad_request(f"namespace {found!r} is not served here, but {served}", target=NAMESPACE_PARAMETER)
        return found
