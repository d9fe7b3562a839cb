"""What is in the Lease, and when its holder has expired."""

import asyncio
from typing import Any

import pytest

from darkroom_operator.leadership.fence import LeaseTerms
from darkroom_operator.leadership.lease import LONGEST_LEASES, Lock
from tests.unit.operator.leadership.replicas import FakeLeases, Replica

OWN_SECONDS = 15


class Reader:
    """One that looks at a Lease twice, with time between."""

    def __init__(self, leases: FakeLeases, spec: Any) -> None:
        leases.lease = {"metadata": {"name": "darkroom", "resourceVersion": "7"}, "spec": spec}
        self.now = 0.0
        self.leases = leases
        terms = LeaseTerms("system", "darkroom", "me", lease_seconds=OWN_SECONDS)
        self.lock = Lock(terms, leases, lambda: self.now)

    def look(self, seconds: float = 0.0) -> str | None:
        """Return who holds the Lease after so many seconds without a change."""
        asyncio.run(self.lock.get("darkroom", "system"))
        self.now += seconds
        _, self.record = asyncio.run(self.lock.get("darkroom", "system"))
        holder: str | None = self.record.holder_identity
        return holder

    def take(self) -> bool:
        """Return whether the Lease could be replaced."""
        return asyncio.run(self.lock.update("darkroom", "system", self.record))


OTHER = {"holderIdentity": "other", "leaseDurationSeconds": 20}
HELD: dict[str, tuple[Any, float, str | None]] = {
    "by another within its duration": (OTHER, 20, "other"),
    "by nobody after its duration": (OTHER, 20.1, None),
    "by its reader for as long as nobody took it": ({**OTHER, "holderIdentity": "me"}, 1e6, "me"),
    "by nobody who gave it up": ({**OTHER, "holderIdentity": ""}, 0, None),
    "by nobody where there is no spec": (None, 0, None),
    "by another for a bounded time whatever it says": (
        {**OTHER, "leaseDurationSeconds": 2**31 - 1},
        LONGEST_LEASES * OWN_SECONDS,
        "other",
    ),
    "by nobody after that time": ({**OTHER, "leaseDurationSeconds": 2**31 - 1}, LONGEST_LEASES * OWN_SECONDS + 1, None),
    "by somebody unknown where it is nonsense": ({**OTHER, "leaseDurationSeconds": -1}, OWN_SECONDS, "?"),
    "by nobody where it stayed nonsense": ({**OTHER, "leaseDurationSeconds": -1}, OWN_SECONDS + 0.1, None),
}


@pytest.mark.parametrize(("spec", "seconds", "holder"), HELD.values(), ids=HELD)
def test_a_lease_that_does_not_change_is_held(
    spec: Any, seconds: float, holder: str | None, leases: FakeLeases
) -> None:
    reader = Reader(leases, spec)
    assert reader.look(seconds) == holder
    assert reader.take() is (holder in (None, "me"))


def test_a_lease_that_changes_is_held_for_its_duration_again(leases: FakeLeases) -> None:
    reader = Reader(leases, OTHER)
    assert reader.look(15) == "other"
    assert leases.lease is not None
    leases.lease["metadata"]["resourceVersion"] = "8"
    assert [reader.look(15), reader.look(15)] == ["other", None]


def test_who_takes_over_nonsense_leaves_none_of_it(leases: FakeLeases) -> None:
    reader = Reader(leases, {"leaseTransitions": "many", "shelf": 3})
    assert reader.look(OWN_SECONDS + 1) is None
    assert reader.take()
    assert (leases.spec["holderIdentity"], leases.spec["leaseTransitions"]) == ("me", 0)
    assert "shelf" not in leases.spec


def test_a_lease_that_another_was_first_to_write_is_not_taken(leases: FakeLeases) -> None:
    reader = Reader(leases, {**OTHER, "holderIdentity": ""})
    assert reader.look() is None
    assert leases.lease is not None
    leases.lease = {**leases.lease, "metadata": {**leases.lease["metadata"], "resourceVersion": "8"}}
    assert not reader.take()
    assert not asyncio.run(reader.lock.create("darkroom", "system", reader.record))


def test_a_lease_of_a_longer_duration_is_honoured(leases: FakeLeases, two: Replica) -> None:
    old = Replica(leases, "old", lease_seconds=60, renew_seconds=40)
    old.step()
    two.step()
    assert not two.step(30)
    assert two.step(31)


def test_the_lease_counts_its_holders_and_tells_its_times_in_utc(
    leases: FakeLeases, one: Replica, two: Replica
) -> None:
    one.step()
    first = dict(leases.spec)
    one.step(2)
    two.step()
    two.step(16)
    assert (first["leaseTransitions"], leases.spec["leaseTransitions"]) == (0, 1)
    assert (leases.spec["holderIdentity"], leases.spec["leaseDurationSeconds"]) == ("two", 15)
    assert all(leases.spec[field].endswith("Z") for field in ("acquireTime", "renewTime"))
