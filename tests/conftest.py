"""Which tests run side by side: all but those of a cluster, each worker on a CPU of its own.

Two torch processes on the same CPUs slow each other tenfold; a cluster's tests wait for a whole machine's work, so they
come last, one after the other, on all CPUs.
"""

import os
import pathlib
from typing import Final

import pytest

CPUS: Final = tuple(sorted(os.sched_getaffinity(0)))
WORKER: Final = os.environ.get("PYTEST_XDIST_WORKER", "")
ALONE: Final = "alone"
"""The group of the tests that need the machine to themselves."""
LAST: Final = ("faults", "cluster")
"""The folders of these tests, in their order."""


def pytest_configure() -> None:
    """Let torch see one CPU before it counts them for its threads."""
    _keep_to(_choose_cpus(is_alone=False))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that come alone at the end, into one group that one worker runs."""
    items.sort(key=_find_place)
    for item in items:
        if _find_place(item):
            item.add_marker(pytest.mark.xdist_group(ALONE))


def _find_place(item: pytest.Item) -> int:
    """Return 0 for a test that needs no cluster, else the place of its folder."""
    folder = item.path.relative_to(pathlib.Path(__file__).parent).parts[0]
    return LAST.index(folder) + 1 if folder in LAST else 0


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Keep a worker on its CPU, but for the tests that come alone."""
    _keep_to(_choose_cpus(is_alone=_find_place(item) > 0))


def _choose_cpus(*, is_alone: bool) -> set[int]:
    return set(CPUS) if is_alone or not WORKER else {CPUS[int(WORKER.removeprefix("gw")) % len(CPUS)]}


def _keep_to(cpus: set[int]) -> None:
    if os.sched_getaffinity(0) != cpus:
        os.sched_setaffinity(0, cpus)
