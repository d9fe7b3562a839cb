"""How much memory the operator takes, whatever tenants write, on an API server of its own."""

import pytest

from bench.clusters.control_plane import start_control_plane
from bench.operator import memory
from tests.faults.cluster.api import Api


@pytest.mark.extended
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("built")
def test_large_objects_among_many_stay_below_the_limit_of_the_chart_and_are_all_read() -> None:
    with start_control_plane() as plane:
        api = Api(plane)
        memory.fill(api, memory.NORMAL, memory.LARGE - memory.LATE)
        measured = memory.measure(api, plane)
    assert measured.unreadable == 0
    assert measured.peak_mib < memory.read_limit_mib()
