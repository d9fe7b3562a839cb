"""Threads that compute, a bounded number of jobs that wait for one, and a refusal of all further ones.

Must not know what is computed.
"""

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from darkroom_server.prediction.failures import TooBusy

Made = TypeVar("Made")
_WEIGHT: Final = 0.1
"""Of the latest job in the mean duration of a job."""


class Workers:
    """Runs jobs in at most so many threads at once; of the others, so many wait. Belongs to one event loop."""

    def __init__(self, threads: int, max_waiting: int, name: str) -> None:
        self._threads = threads
        self._max_waiting = max_waiting
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._num_jobs = 0
        self._mean_seconds = 0.0

    @property
    def num_waiting(self) -> int:
        """Return how many jobs wait for a thread."""
        return max(0, self._num_jobs - self._threads)

    async def run(self, job: Callable[[], Made]) -> Made:
        """Return what `job` returns; raises TooBusy at once where too many wait already."""
        if self._num_jobs >= self._threads + self._max_waiting:
            seconds = self._estimate_seconds()
            raise TooBusy(f"{self.num_waiting} requests wait already; try again in {seconds} seconds", seconds)
        self._num_jobs += 1
        try:
            made, seconds_taken = await asyncio.get_running_loop().run_in_executor(self._pool, _measure, job)
        finally:
            self._num_jobs -= 1
        self._mean_seconds += _WEIGHT * (seconds_taken - self._mean_seconds)
        return made

    def _estimate_seconds(self) -> int:
        """Return after how many whole seconds those that wait are probably done."""
        return max(1, math.ceil(self.num_waiting * self._mean_seconds / self._threads))


def _measure(job: Callable[[], Made]) -> tuple[Made, float]:
    began = time.monotonic()
    return job(), time.monotonic() - began
