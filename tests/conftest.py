"""Which tests run side by side: all but those of a cluster, each worker on a CPU of its own.

Two torch processes on the same CPUs slow each other tenfold; a cluster's tests wait for a whole machine's work, so they
come last, one after the other, on all CPUs.
"""

import os
from typing import Final

import pytest

CPUS: Final = tuple(sorted(os.sched_getaffinity(0)))
WORKER: Final = os.environ.get("PYTEST_XDIST_WORKER", "")
ALONE: Final = "alone"
"""The group of the tests that need the machine to themselves."""


def pytest_configure() -> None:
    """Let torch see one CPU before it counts them for its threads."""
    _keep_to(_choose_cpus(is_alone=False))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Keep a worker on its CPU, but for the tests that come alone."""
    _keep_to(_choose_cpus(_is_alone(item)))


def _choose_cpus(is_alone: bool) -> set[int]:
    return set(CPUS) if is_alone or not WORKER else {CPUS[int(WORKER.removeprefix("gw")) % len(CPUS)]}


def _keep_to(cpus: set[int]) -> None:
    if os.sched_getaffinity(0) != cpus:
        os.sched_setaffinity(0, cpus)


def _is_alone(item: pytest.Item) -> bool:
    return any(mark.args == (ALONE,) for mark in item.iter_markers("xdist_group"))
