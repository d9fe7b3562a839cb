"""When to look at an object again without any news of it: one task with one heap.

Owns time-based triggers (kopf's timers would put finalizers on users' objects). Must not know what a trigger does.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Iterable

from darkroom_operator.api.resources import Key


class Scheduler:
    """Calls back with the keys whose time has come. The soonest wish for a key replaces later ones."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Key]] = []
        self._due: dict[Key, float] = {}
        self._order = itertools.count()
        self._wakeup = asyncio.Event()

    def call_in(self, seconds: float, key: Key) -> None:
        """Ask for a trigger of `key` in `seconds`."""
        due = asyncio.get_running_loop().time() + max(seconds, 0.05)
        if due >= self._due.get(key, float("inf")):
            return
        self._due[key] = due
        heapq.heappush(self._heap, (due, next(self._order), key))
        self._wakeup.set()

    def forget(self, key: Key) -> None:
        """Drop the wish for `key`."""
        self._due.pop(key, None)

    async def run(self, trigger: Callable[[Iterable[Key]], None]) -> None:
        """Trigger what is due, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            self._wakeup.clear()
            trigger(self._pop_due(loop.time()))
            pause = self._heap[0][0] - loop.time() if self._heap else None
            try:
                await asyncio.wait_for(self._wakeup.wait(), pause)
            except TimeoutError:
                continue

    def _pop_due(self, now: float) -> list[Key]:
        keys = []
        while self._heap and self._heap[0][0] <= now:
            due, _, key = heapq.heappop(self._heap)
            if self._due.get(key) == due:
                del self._due[key]
                keys.append(key)
        return keys
