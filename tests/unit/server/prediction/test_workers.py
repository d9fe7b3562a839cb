"""Workers: so many jobs at once, so many that wait, and a time after which to come again."""

import asyncio
import threading
import time

import pytest

from darkroom_server.prediction.failures import TooBusy
from darkroom_server.prediction.workers import Workers


def test_jobs_beyond_those_that_may_wait_are_refused_at_once() -> None:
    may_end = threading.Event()

    async def fill() -> tuple[int, int, int]:
        workers = Workers(threads=2, max_waiting=3, name="test")
        jobs = [asyncio.create_task(workers.run(may_end.wait)) for _ in range(5)]
        await asyncio.sleep(0.05)
        waiting = workers.num_waiting
        with pytest.raises(TooBusy, match="3 requests wait already; try again in 1 seconds") as caught:
            await workers.run(may_end.wait)
        may_end.set()
        await asyncio.gather(*jobs)
        return waiting, workers.num_waiting, caught.value.retry_after_seconds

    assert asyncio.run(fill()) == (3, 0, 1)


def test_at_most_so_many_jobs_run_at_once() -> None:
    running: list[int] = []
    most = 0

    def job() -> None:
        nonlocal most
        running.append(1)
        most = max(most, len(running))
        time.sleep(0.02)
        running.pop()

    async def fill() -> None:
        workers = Workers(threads=2, max_waiting=10, name="test")
        await asyncio.gather(*(workers.run(job) for _ in range(8)))

    asyncio.run(fill())
    assert most == 2


def test_the_time_to_come_again_grows_with_how_long_jobs_take() -> None:
    may_end = threading.Event()

    async def fill() -> int:
        workers = Workers(threads=1, max_waiting=100, name="test")
        for _ in range(20):
            await workers.run(lambda: time.sleep(0.03))
        jobs = [asyncio.create_task(workers.run(may_end.wait)) for _ in range(101)]
        await asyncio.sleep(0.05)
        with pytest.raises(TooBusy) as caught:
            await workers.run(may_end.wait)
        may_end.set()
        await asyncio.gather(*jobs)
        return caught.value.retry_after_seconds

    assert 2 <= asyncio.run(fill()) <= 5


def test_a_job_that_fails_frees_its_place() -> None:
    def fail() -> None:
        raise ValueError("no")

    async def fail_often() -> int:
        workers = Workers(threads=1, max_waiting=0, name="test")
        for _ in range(3):
            with pytest.raises(ValueError, match="no"):
                await workers.run(fail)
        return await workers.run(lambda: 7)

    assert asyncio.run(fail_often()) == 7
