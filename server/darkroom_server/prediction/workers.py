"""Threads that compute, a bounded number of jobs that wait for one, and a refusal of all further ones.

Places are shared: a caller alone may take them all; of several each may have an equal share, whoever came first. So
are threads: callers whose jobs wait take turns, so that nobody waits for all jobs of another one.

Must not know what is computed.
"""

import asyncio
import contextlib
import math
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from darkroom_server.prediction.failures import TooBusy

Made = TypeVar("Made")
_WEIGHT: Final = 0.1
"""Of the latest job in the mean duration of a job."""


class Workers:
    """Runs jobs in at most so many threads at once; of the others, so many wait. Belongs to one event loop.

    A caller is a namespace.
    """

    def __init__(self, threads: int, max_waiting: int, name: str) -> None:
        self._threads = threads
        self._max_waiting = max_waiting
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._jobs: Counter[str] = Counter()
        """By their callers, of whom none is left without one."""
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, deque[Callable[[], None]]] = OrderedDict()
        """Jobs that wait for a thread, by their callers, the one first whose turn it is; none is empty."""
        self._mean_seconds = 0.0

    @property
    def num_waiting(self) -> int:
        """Return how many jobs wait for a thread."""
        return max(0, self._jobs.total() - self._threads)

    async def run(self, caller: str, job: Callable[[], Made]) -> Made:
        """Return what `job` returns; raises TooBusy at once where too many wait already, or too many of one caller."""
        with self.hold_place(caller):
            return await self.run_in_place(caller, job)

    @contextlib.contextmanager
    def hold_place(self, caller: str) -> Iterator[None]:
        """Hold a place for a job of a caller during the block; raises TooBusy."""
        num_callers = len({*self._jobs, caller})
        share = (self._threads + self._max_waiting) // num_callers
        if self._jobs[caller] >= share:
            seconds = self._estimate_seconds()
            whose = f"requests of namespace {caller} are at work or wait"
            among = "all that may be" if num_callers == 1 else f"its share among {num_callers} namespaces"
            raise TooBusy(f"{self._jobs[caller]} {whose}, which is {among}; try again in {seconds} seconds", seconds)
        self._jobs[caller] += 1
        try:
            yield
        finally:
            self._jobs[caller] -= 1
            if not self._jobs[caller]:
                del self._jobs[caller]

    async def run_in_place(self, caller: str, job: Callable[[], Made]) -> Made:
        """Return what `job` returns, for which the caller holds a place."""
        waited_for: Future[tuple[Made, float]] = Future()
        with self._lock:
            self._waiting.setdefault(caller, deque()).append(lambda: _settle(waited_for, job))
        self._pool.submit(self._run_next)
        made, seconds_taken = await asyncio.wrap_future(waited_for)
        self._mean_seconds += _WEIGHT * (seconds_taken - self._mean_seconds)
        return made

    def _run_next(self) -> None:
        """Run the first job of the caller whose turn it is; each call has a job, whosever it then is."""
        with self._lock:
            caller, jobs = self._waiting.popitem(last=False)
            job = jobs.popleft()
            if jobs:
                self._waiting[caller] = jobs
        job()

    def _estimate_seconds(self) -> int:
        """Return after how many whole seconds those that wait are probably done."""
        return max(1, math.ceil(self.num_waiting * self._mean_seconds / self._threads))


def _settle(waited_for: "Future[tuple[Made, float]]", job: Callable[[], Made]) -> None:
    """Run a job, unless whoever waits for it has gone away."""
    if not waited_for.set_running_or_notify_cancel():
        return
    began = time.monotonic()
    try:
        made = job()
    except BaseException as error:  # noqa: BLE001 - whoever waits is told of any end
        waited_for.set_exception(error)
    else:
        waited_for.set_result((made, time.monotonic() - began))
