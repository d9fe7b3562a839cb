"""Which objects to reconcile: a set, so that many triggers for one object cost one reconcile.

Owns coalescing, one-at-a-time per object, triggers by time (kopf's timers would put finalizers on users' objects), and
the growing pauses after errors. Must not know what a reconcile does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from darkroom_operator.api.resources import Key

FIRST_PAUSE_SECONDS: Final = 0.5
MAX_PAUSE_SECONDS: Final = 60.0
LEAST_SECONDS: Final = 0.05
"""No object is reconciled again sooner than this for the time alone."""

Reconcile = Callable[[Key], Awaitable[float | None]]
"""Reconciles one object; returns in how many seconds to do so again, if at all."""
OnError = Callable[[Key, Exception, float], None]
"""Gets a failed reconcile, and the pause before the next."""


class WorkQueue:
    """A set of dirty objects and the workers that clean them."""

    def __init__(self, reconcile: Reconcile, on_error: OnError) -> None:
        self._reconcile = reconcile
        self._on_error = on_error
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._dirty: set[Key] = set()
        self._ready: asyncio.Queue[Key] = asyncio.Queue()
        """The dirty objects that are not being reconciled, each once; a queue wakes one worker for each."""
        self._active: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._open = asyncio.Event()
        self._open.set()

    def __len__(self) -> int:
        """Return how many objects wait."""
        return len(self._dirty)

    def add(self, keys: Iterable[Key]) -> None:
        """Mark objects as dirty. One that is being reconciled is reconciled once more afterwards."""
        for key in keys:
            if key in self._dirty:
                continue
            self._dirty.add(key)
            if key not in self._active:
                self._ready.put_nowait(key)

    def add_after(self, seconds: float, key: Key) -> None:
        """Mark an object as dirty in `seconds`, unless that is to happen sooner anyway."""
        loop = asyncio.get_running_loop()
        due = loop.time() + max(seconds, LEAST_SECONDS)
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= due:
                return
            timer.cancel()
        self._timers[key] = loop.call_at(due, self._ring, key)

    def _ring(self, key: Key) -> None:
        del self._timers[key]
        self.add((key,))

    def pause(self) -> None:
        """Hand out nothing more until `resume`; what is marked as dirty meanwhile waits."""
        self._open.clear()

    def resume(self) -> None:
        """Hand out again."""
        self._open.set()

    async def drain(self, seconds: float) -> None:
        """Wait until what was handed out is done, at most so long."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while self._active and loop.time() < end:
            await asyncio.sleep(0.02)

    async def work(self) -> None:
        """Reconcile dirty objects, one at a time, for ever. Several workers may run."""
        while True:
            key = await self._ready.get()
            while not self._open.is_set():
                await self._open.wait()
            self._dirty.discard(key)
            self._active.add(key)
            await self._process(key)
            self._active.discard(key)
            if key in self._dirty:
                self._ready.put_nowait(key)

    async def _process(self, key: Key) -> None:
        try:
            again = await self._reconcile(key)
        # One broken object must not stop the others: its error is reported, and it is tried again after a pause.
        except Exception as error:  # noqa: BLE001
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            pause = FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 16)
            # An API server that is too busy says for how long.
            pause = min(max(pause, getattr(error, "retry_after_seconds", 0.0)), MAX_PAUSE_SECONDS)
            self._on_error(key, error, pause)
            self.add_after(pause, key)
            return
        self._failures.pop(key, None)
        if again is not None:
            self.add_after(again, key)
