"""Which tests run side by side: all but those of a cluster, each worker on a CPU of its own.

Two torch processes on the same CPUs slow each other tenfold; a cluster's tests wait for a whole machine's work, so they
come last, one after the other, on all CPUs.
"""

import os
import pathlib
from itertools import pairwise
from typing import Any, Final

import pytest
from xdist.scheduler import LoadScopeScheduling

CPUS: Final = tuple(sorted(os.sched_getaffinity(0)))
WORKER: Final = os.environ.get("PYTEST_XDIST_WORKER", "")
LAST: Final = ("faults", "cluster")
"""The folders of the tests that need the machine to themselves, in their order."""


class OneAfterTheOther(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each test to whichever worker is free, and those that need the machine to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return "alone" if _find_place(pathlib.Path(nodeid.partition("::")[0])) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneAfterTheOther:
    """Use it in place of pytest-xdist's own groups, which pytest 9.2 does not let it mark."""
    return OneAfterTheOther(config, log)


def pytest_configure() -> None:
    """Let torch see one CPU before it counts them for its threads."""
    _keep_to(_choose_cpus(is_alone=False))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that come alone at the end."""
    items.sort(key=lambda item: _find_place(item.path))


def _find_place(path: pathlib.Path) -> int:
    """Return 0 for a file of tests that need no cluster, else the place of its folder."""
    parts = path.parts
    return next((place for place, folder in enumerate(LAST, start=1) if ("tests", folder) in pairwise(parts)), 0)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Keep a worker on its CPU, but for the tests that come alone."""
    _keep_to(_choose_cpus(is_alone=_find_place(item.path) > 0))


def _choose_cpus(*, is_alone: bool) -> set[int]:
    return set(CPUS) if is_alone or not WORKER else {CPUS[int(WORKER.removeprefix("gw")) % len(CPUS)]}


def _keep_to(cpus: set[int]) -> None:
    if os.sched_getaffinity(0) != cpus:
        os.sched_setaffinity(0, cpus)
