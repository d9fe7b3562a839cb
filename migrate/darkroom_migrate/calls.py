"""One https address asked over checked connections, again while its server is busy or does not answer.

Owns patience: what a server says of when to come again counts. Must not do: judge an answer, or show the query of an
address, which may be a token.
"""

import http.client
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from darkroom_api.endpoints import Reach
from darkroom_storage import web
from darkroom_storage.errors import StorageUnreachable

_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 16.0
_MAX_REFUSAL_BYTES: Final = 1 << 16
_WAIT_IN_WORDS: Final = re.compile(rb"in (\d{1,4}) second")
"""What the service's gateway says where no header does: `Rate limit is exceeded. Try again in 26 seconds.`"""


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    body: bytes
    retry_after: str | None = None

    @property
    def is_busy(self) -> bool:
        """Return whether the same request may be answered later."""
        return self.status == 429 or self.status >= 500

    def find_wait(self) -> float | None:
        """Return the seconds after which the server wants to be asked again, where it says so."""
        text = self.retry_after or ""
        if text.isdecimal() and len(text) < 5:
            return float(text)
        said = _WAIT_IN_WORDS.search(self.body) if self.status == 429 else None
        return float(said[1]) if said else None


@dataclass(frozen=True)
class Caller:
    """Asks addresses that `reach` allows, each for `patience_seconds`. Safe to use from many threads."""

    reach: Reach
    context: ssl.SSLContext
    patience_seconds: float
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def get(self, url: str, limit_bytes: int, headers: Mapping[str, str] | None = None) -> Answer:
        """Return the answer of `url`: a busy one only at the end of all patience.

        Raises StorageUnreachable, AddressForbidden, ObjectMissing for a host that there is not, ObjectTooLarge.
        """
        end = self.clock() + self.patience_seconds
        pause = _FIRST_PAUSE_SECONDS
        while True:
            wait = pause
            try:
                answer = self._ask(url, limit_bytes, headers)
                if not answer.is_busy:
                    return answer
                wait = answer.find_wait() or pause
                if self.clock() + wait > end:
                    return answer
            except StorageUnreachable:
                if self.clock() + wait > end:
                    raise
            self.sleep(wait)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _ask(self, url: str, limit_bytes: int, headers: Mapping[str, str] | None) -> Answer:
        def take(answer: http.client.HTTPResponse) -> Answer:
            limit = limit_bytes if answer.status == 200 else _MAX_REFUSAL_BYTES
            return Answer(answer.status, web.receive(url, answer, limit), answer.getheader("Retry-After"))

        return web.ask_https(url, take, reach=self.reach, context=self.context, headers=headers)
