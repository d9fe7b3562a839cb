"""Workers: so many jobs at once, so many that wait, and a time after which to come again."""

import asyncio
import threading
import time
from functools import partial

import pytest

from darkroom_server.prediction.failures import TooBusy
from darkroom_server.prediction.workers import Workers


def test_jobs_beyond_those_that_may_wait_are_refused_at_once() -> None:
    may_end = threading.Event()

    async def fill() -> tuple[int, int, int]:
        workers = Workers(threads=2, max_waiting=3, name="test")
        jobs = [asyncio.create_task(workers.run("one", may_end.wait)) for _ in range(5)]
        await asyncio.sleep(0.05)
        waiting = workers.num_waiting
        with pytest.raises(
            TooBusy,
            match=r"^5 requests of namespace one are at work or wait, which is all that may be; try again in 1 sec",
        ) as caught:
            await workers.run("one", may_end.wait)
        may_end.set()
        await asyncio.gather(*jobs)
        return waiting, workers.num_waiting, caught.value.retry_after_seconds

    assert asyncio.run(fill()) == (3, 0, 1)


def test_a_caller_who_fills_the_places_leaves_others_their_share_of_them() -> None:
    may_end = threading.Event()

    async def count_admitted(workers: Workers, caller: str, jobs: list[asyncio.Task[bool]]) -> int:
        made = [asyncio.create_task(workers.run(caller, may_end.wait)) for _ in range(20)]
        await asyncio.sleep(0.05)
        refused = [job for job in made if job.done() and isinstance(job.exception(), TooBusy)]
        jobs += [job for job in made if job not in refused]
        return len(made) - len(refused)

    async def fill() -> list[int]:
        workers, jobs = Workers(threads=2, max_waiting=10, name="test"), list[asyncio.Task[bool]]()
        admitted = [await count_admitted(workers, caller, jobs) for caller in ("greedy", "second", "greedy", "third")]
        may_end.set()
        await asyncio.gather(*jobs)
        jobs.clear()
        return [*admitted, await count_admitted(workers, "second", jobs)]

    assert asyncio.run(fill()) == [12, 6, 0, 4, 12]


def test_a_refusal_names_the_share_of_the_namespace() -> None:
    async def ask_once_more() -> None:
        workers = Workers(threads=1, max_waiting=3, name="test")
        with workers.hold_place("one"), workers.hold_place("two"), workers.hold_place("two"):
            await workers.run("two", lambda: 1)

    with pytest.raises(TooBusy, match=r"2 requests of namespace two .*, which is its share among 2 namespaces"):
        asyncio.run(ask_once_more())


def test_namespaces_take_turns_whoever_came_first() -> None:
    done: list[str] = []

    async def fill() -> None:
        workers, may_end = Workers(threads=1, max_waiting=20, name="test"), threading.Event()
        first = asyncio.create_task(workers.run("greedy", may_end.wait))
        callers = ["greedy"] * 4 + ["second"] * 2 + ["third"]
        jobs = [asyncio.create_task(workers.run(caller, partial(done.append, caller))) for caller in callers]
        await asyncio.sleep(0.05)
        jobs[5].cancel()  # of the second's two
        await asyncio.gather(jobs[5], return_exceptions=True)
        may_end.set()
        await asyncio.gather(first, *jobs, return_exceptions=True)

    asyncio.run(fill())
    assert done == ["greedy", "second", "third", "greedy", "greedy", "greedy"]


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
        await asyncio.gather(*(workers.run("one", job) for _ in range(8)))

    asyncio.run(fill())
    assert most == 2


def test_the_time_to_come_again_grows_with_how_long_jobs_take() -> None:
    may_end = threading.Event()

    async def fill() -> int:
        workers = Workers(threads=1, max_waiting=100, name="test")
        for _ in range(20):
            await workers.run("one", lambda: time.sleep(0.03))
        jobs = [asyncio.create_task(workers.run("one", may_end.wait)) for _ in range(101)]
        await asyncio.sleep(0.05)
        with pytest.raises(TooBusy) as caught:
            await workers.run("one", may_end.wait)
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
                await workers.run("one", fail)
        return await workers.run("one", lambda: 7)

    assert asyncio.run(fail_often()) == 7


def test_a_place_that_is_held_counts_and_is_given_back() -> None:
    async def hold() -> int:
        workers = Workers(threads=1, max_waiting=0, name="test")
        with workers.hold_place("one"):
            with pytest.raises(TooBusy):
                await workers.run("one", lambda: 1)
            assert await workers.run_in_place("one", lambda: 2) == 2
        return await workers.run("one", lambda: 3)

    assert asyncio.run(hold()) == 3
