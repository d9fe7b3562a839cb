"""All the parts together on an API server in memory: who leads works, and a part that ends ends the operator."""

import asyncio
from typing import Any

import pytest

from bench.clusters.ports import find_free_port
from darkroom_operator.leadership.election import NoElection
from darkroom_operator.leadership.fence import Fence
from darkroom_operator.metrics import Metrics
from darkroom_operator.observing.store import Store
from darkroom_operator.runtime import Operator
from tests.unit.operator.workbench import MODEL, Workbench


class ShortElection(NoElection):
    """An election that ends, by an error, after some tenths of a second."""

    def __init__(self, fence: Fence, *, leads: bool) -> None:
        super().__init__(fence)
        self._leads = leads

    async def wait_until_leading(self) -> None:
        """Return at once, or never."""
        if not self._leads:
            await asyncio.Event().wait()

    async def run(self) -> None:
        """End."""
        await asyncio.sleep(0.3)
        raise RuntimeError("the election broke")


@pytest.mark.parametrize("leads", [True, False], ids=["leads", "stands by"])
def test_a_replica_works_only_where_it_leads_and_ends_with_any_of_its_parts(
    leads: bool, bench: Workbench, caplog: pytest.LogCaptureFixture
) -> None:
    fence, store, cluster = Fence(), Store(), bench.cluster

    async def live() -> int:
        on: Any = cluster
        election: Any = ShortElection(fence, leads=leads)
        operator = Operator(bench.config, on, election, store, Metrics(store), fence)
        return await operator.run(find_free_port(), find_free_port())

    assert asyncio.run(live()) == 1
    assert "a part of the operator ended" in caplog.text
    assert store.owner(MODEL) is not None, "one that stands by knows all objects, too"
    assert not fence.is_open()
    assert bool(bench.counted("jobs")) is leads
