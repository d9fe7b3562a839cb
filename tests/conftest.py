"""Which tests run side by side, in which order, and on which CPUs.

Two torch processes on the same CPUs slow each other tenfold: each worker has a CPU of its own. The tests of faults
mostly wait, so one worker takes them, on all CPUs, halfway through: by then the programs that they start are built, and
the others have enough left to go on with. Those that train in the time of a clock, and a cluster's, need the machine
to themselves: they come last, one after the other, on all CPUs, and before them come small files, so that no worker is
still busy.
"""

import os
from typing import Any, Final

import pytest
from xdist.scheduler import LoadScopeScheduling

CPUS: Final = tuple(sorted(os.sched_getaffinity(0)))
WORKER: Final = os.environ.get("PYTEST_XDIST_WORKER", "")
GROUPS: Final = {
    "tests/browser/": "browser",
    "tests/faults/test_s3_trainings.py": "alone",
    "tests/faults/storage/test_azure_runs.py": "alone",
    "tests/faults/": "faults",
    "tests/cluster/": "alone",
}
"""What one worker runs as a whole: its tests share what takes long to start, or need the machine. The first counts."""
ON_ALL_CPUS: Final = ("faults", "alone")
PLACES: Final = {
    "tests/unit/server/": 0,
    "tests/unit/trainer/commands/": 0,
    "tests/unit/trainer/": 2,
    "tests/unit/": 3,
    "faults": 1,
    "alone": 4,
}
"""The order of folders and groups: the first one that fits counts, and what is not named comes first."""


class OneFileOneWorker(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each group, and each other file, to whichever worker is free: the tests of a file share its fixtures."""

    def _split_scope(self, nodeid: str) -> str:
        return _find_group(nodeid) or nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneFileOneWorker:
    """Use it in place of pytest-xdist's own groups, which pytest 9.2 does not let it mark."""
    return OneFileOneWorker(config, log)


def pytest_configure() -> None:
    """Let torch see one CPU before it counts them for its threads."""
    _keep_to(_choose_cpus(on_all=False))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put groups and folders in their order."""
    items.sort(key=lambda item: _find_place(item.nodeid))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Keep a worker on its CPU, but for the groups that need all."""
    _keep_to(_choose_cpus(on_all=_find_group(item.nodeid) in ON_ALL_CPUS))


def _find_group(nodeid: str) -> str | None:
    return next((group for start, group in GROUPS.items() if nodeid.startswith(start)), None)


def _find_place(nodeid: str) -> int:
    group = _find_group(nodeid)
    return next((place for name, place in PLACES.items() if group == name or nodeid.startswith(name)), 0)


def _choose_cpus(*, on_all: bool) -> set[int]:
    return set(CPUS) if on_all or not WORKER else {CPUS[int(WORKER.removeprefix("gw")) % len(CPUS)]}


def _keep_to(cpus: set[int]) -> None:
    if os.sched_getaffinity(0) != cpus:
        os.sched_setaffinity(0, cpus)
