"""What the fault tests share: one cluster with simulated nodes, on which whole matrices run in parallel sandboxes.

A matrix runs once, with the rows that were collected; each test looks at its row.
"""

import pathlib
from collections.abc import Iterator
from typing import Final, TypeVar

import pytest

from hack.localcluster import progress
from hack.localcluster.host import programs
from hack.localcluster.state import State, default_root
from tests.faults.cases.case import Case, Result, run_cases
from tests.faults.cluster.control_plane import FaultCluster, start_fault_cluster
from tests.faults.crashes.lifecycles import Lifecycle
from tests.faults.crashes.matrix import run_matrix
from tests.faults.crashes.points import Point, summarise
from tests.faults.storage.fixtures import digits, revision, server, workspace

TEST_SECONDS: Final = 600
__all__ = ["digits", "revision", "server", "workspace"]
RowT = TypeVar("RowT", Case, Lifecycle)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test of this folder a timeout of its own; fixtures have deadlines of their own."""
    here = pathlib.Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TEST_SECONDS, func_only=True))


@pytest.fixture(scope="session")
def built() -> None:
    """Build the programs that are not there yet, or wait for who does; skips where no cluster can run."""
    try:
        programs.build(State(default_root()))
    except progress.Unsupported as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="package")
def fault_cluster(built: None) -> Iterator[FaultCluster]:  # noqa: ARG001  # the binaries
    """Return the cluster."""
    with start_fault_cluster() as fault_cluster:
        yield fault_cluster


@pytest.fixture(scope="package")
def api_results(request: pytest.FixtureRequest, fault_cluster: FaultCluster) -> dict[str, Result]:
    """Return what was seen of every case that was collected; the table is printed."""
    results = run_cases(fault_cluster, _collected(request, "case", Case))
    for result in results.values():
        print(f"{result.case.group} | {result.case.name} | {result.seen}")
    return results


@pytest.fixture(scope="package")
def crash_points(request: pytest.FixtureRequest, fault_cluster: FaultCluster) -> list[Point]:
    """Return every point of the lifecycles that were collected; the report is printed."""
    points = run_matrix(fault_cluster, _collected(request, "lifecycle", Lifecycle))
    print(summarise(points))
    return points


def _collected(request: pytest.FixtureRequest, name: str, kind: type[RowT]) -> list[RowT]:
    """Return the values of a parameter among the tests of this session that are not skipped."""
    found = []
    for item in request.session.items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            value = item.callspec.params.get(name)
            if isinstance(value, kind) and not any(mark.args[0] for mark in item.iter_markers("skipif")):
                found.append(value)
    return found
