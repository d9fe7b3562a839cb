"""What every back end has to do, told to the one over a real API server; `tests/unit` tells it to a local folder."""

import asyncio
import pathlib

import pytest

from tests.faults.cluster.control_plane import FaultCluster
from tests.faults.cluster.served import make_namespace, running
from tests.support.server.backend_stories import STORIES, Story


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_a_cluster_does_what_every_back_end_has_to(
    story: Story, fault_cluster: FaultCluster, tmp_path: pathlib.Path
) -> None:
    one, other = make_namespace(fault_cluster), make_namespace(fault_cluster)

    async def tell() -> None:
        async with running(fault_cluster, tmp_path, one, other) as (backend, _, _wire):
            await story(backend, one, other)

    asyncio.run(tell())
