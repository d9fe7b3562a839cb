"""A Lease that somebody spoiled: the election goes on."""

import copy
from collections.abc import Coroutine
from typing import Any

from hypothesis import given, strategies as st

from darkroom_operator.leadership.fence import LeaseTerms
from darkroom_operator.leadership.lease import Lock
from tests.builders import stamp
from tests.fuzz.effort import fuzzed
from tests.fuzz.spoiling import VALUES, Json, find_paths, spoil

LEASE: Json = {
    "metadata": {"name": "l", "resourceVersion": "7"},
    "spec": {"holderIdentity": "other", "leaseDurationSeconds": 15, "leaseTransitions": 2, "renewTime": stamp(0)},
}


class OneLease:
    """Leases of which there is one, as somebody left it."""

    def __init__(self, lease: Any) -> None:
        self.lease = lease

    async def get(self, *_: Any) -> Any:
        """Return it."""
        return self.lease

    async def create_lease(self, *_: Any) -> Any:
        """Return it as created."""
        return self.lease

    async def replace_lease(self, _namespace: str, _name: str, manifest: Json) -> Json:
        """Take another in its place."""
        self.lease = manifest
        return manifest


def run(coroutine: Coroutine[Any, Any, bool]) -> bool:
    """Return the result of a coroutine that waits for nothing: an event loop for each example would cost most of it."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return bool(end.value)
    raise AssertionError("it waits")


@fuzzed
@given(data=st.data())
def test_no_lease_stops_the_election_and_none_is_held_for_ever(data: st.DataObject) -> None:
    lease = copy.deepcopy(LEASE)
    spoil(lease, data.draw(st.sampled_from(find_paths(lease))), data.draw(VALUES), data.draw(st.booleans()))
    moments = iter([0.0, 0.0, 0.0, *[1000.0] * 9])
    lock = Lock(LeaseTerms("ns", "l", "me"), OneLease(lease), lambda: next(moments))

    async def ask() -> bool:
        for _ in range(3):
            found, record = await lock.get("l", "ns")
        return found and record.holder_identity in (None, "me")

    assert run(ask())
