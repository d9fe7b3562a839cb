"""Clients with keep-alive that ask at a modest rate, and a record of every request.

Owns the connections and the records. As usual clients do, each looks whether its idle connection was closed before it
sends, and connects again where nobody listened. A request that was sent is never sent again. Must not judge.
"""

import contextlib
import http.client
import itertools
import json
import select
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.server_soak.balancer import REFUSED

CALL_SECONDS: Final = 60.0
CALLS_OF_A_CONNECTION: Final = 40
"""Then the client closes it: else all would stay with the replica that was killed longest ago."""
PATH: Final = "/computervision/imageanalysis:analyze?api-version=2023-04-01-preview&model-name={model}"


@dataclass(frozen=True)
class Call:
    """One request: what was asked, when, on a connection to which replica, and what came back."""

    began: float
    ended: float
    replica: str
    """REFUSED where the connection had no other side: then nothing was sent to anybody."""
    model: str
    picture: int
    status: int | None
    """None where the connection was closed before the answer."""
    answer: Any = None


class Callers:
    """Some clients of one port; `pictures` are asked about in turn, of `models` in turn."""

    def __init__(self, port: int, key: str, models: Sequence[str], pictures: Sequence[bytes]) -> None:
        self._port, self._key = port, key
        self._questions = [(model, picture) for picture in range(len(pictures)) for model in models]
        self._pictures = pictures
        self._is_over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.calls: list[Call] = []

    def start(self, num_clients: int, per_second: float, find_place: Callable[[int], str]) -> None:
        """Start so many clients, each with so many requests a second."""
        for _ in range(num_clients):
            thread = threading.Thread(target=self._ask_on, args=(1 / per_second, find_place), daemon=True)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """Let every client end its request."""
        self._is_over.set()
        for thread in self._threads:
            thread.join(CALL_SECONDS + 1)

    def _ask_on(self, pause_seconds: float, find_place: Callable[[int], str]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=CALL_SECONDS)
        next_at = time.monotonic()
        for number, (model, picture) in enumerate(itertools.cycle(self._questions)):
            if self._is_over.is_set():
                break
            if number % CALLS_OF_A_CONNECTION == 0 or _is_closed(connection):
                connection.close()
            call = self._ask(connection, model, picture, find_place)
            while call.replica == REFUSED:
                self.calls.append(call)
                time.sleep(0.05)
                call = self._ask(connection, model, picture, find_place)
            self.calls.append(call)
            next_at = max(next_at + pause_seconds, time.monotonic() - pause_seconds)
            self._is_over.wait(max(0.0, next_at - time.monotonic()))
        connection.close()

    def _ask(
        self, connection: http.client.HTTPConnection, model: str, picture: int, find_place: Callable[[int], str]
    ) -> Call:
        headers = {"Ocp-Apim-Subscription-Key": self._key, "Content-Type": "application/octet-stream"}
        began, status, answer, port = time.monotonic(), None, None, 0
        try:
            if connection.sock is None:
                connection.connect()
            port = connection.sock.getsockname()[1]
            connection.request("POST", PATH.format(model=model), self._pictures[picture], headers)
            response = connection.getresponse()
            body = response.read()
            status, answer = response.status, json.loads(body)
        except (OSError, http.client.HTTPException):
            connection.close()
        return Call(began, time.monotonic(), find_place(port), model, picture, status, answer)


def _is_closed(connection: http.client.HTTPConnection) -> bool:
    """Return whether the other side has closed an idle connection; what comes without being asked for is its end."""
    if connection.sock is None:
        return False
    with contextlib.suppress(OSError, ValueError):
        return bool(select.select([connection.sock], [], [], 0)[0])
    return True
