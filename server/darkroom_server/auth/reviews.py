"""What the API server says of a bearer token: whose it is, and what RBAC lets them do.

Owns how long an answer counts. Must not decide anything itself, nor keep a token: answers are kept by its hash.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, TypeVar

from darkroom_server.auth.admission import Verb
from darkroom_server.backends.backend import Kind
from darkroom_server.backends.kubernetes_api import KubernetesApi

GRANTED_SECONDS: Final = 30.0
"""After so long a revoked token, or right, is noticed."""
REFUSED_SECONDS: Final = 5.0
MOST_KEPT: Final = 4096
REVIEWS_AT_ONCE: Final = 16
"""Whoever shows made-up tokens, without a right to anything, leaves the other connections to the API server free."""

ValueT = TypeVar("ValueT")


class Remembered(Generic[ValueT]):
    """The newest answers, each for its time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[Any, tuple[float, ValueT]] = OrderedDict()

    def find(self, question: Any) -> tuple[ValueT] | None:
        """Return the answer as a tuple of one, None where none counts any more."""
        kept = self._kept.get(question)
        return None if kept is None or kept[0] < self._clock() else (kept[1],)

    def keep(self, question: Any, answer: ValueT) -> ValueT:
        """Keep an answer, less long where it refuses, and return it."""
        self._kept[question] = (self._clock() + (GRANTED_SECONDS if answer else REFUSED_SECONDS), answer)
        self._kept.move_to_end(question)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return answer


class Reviews:
    """Asks the API server, and remembers for a short time."""

    def __init__(self, api: KubernetesApi, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._asking = asyncio.Semaphore(REVIEWS_AT_ONCE)
        self._users: Remembered[dict[str, Any] | None] = Remembered(clock)
        self._rights: Remembered[bool] = Remembered(clock)

    async def find_user(self, token: str) -> dict[str, Any] | None:
        """Return whose token it is, None where it is nobody's; raises Unavailable or Refused."""
        question = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        known = self._users.find(question)
        if known:
            return known[0]
        async with self._asking:
            return self._users.keep(question, await self._api.review_token(token))

    async def is_allowed(self, user: Mapping[str, Any], verb: Verb, kind: Kind, namespace: str) -> bool:
        """Return whether RBAC lets the user do it; raises Unavailable or Refused."""
        who = (user["username"], user.get("uid"), tuple(user.get("groups", ())), repr(user.get("extra")))
        question = (who, verb, kind, namespace)
        known = self._rights.find(question)
        if known:
            return known[0]
        async with self._asking:
            return self._rights.keep(question, await self._api.review_access(user, verb, kind, namespace))
