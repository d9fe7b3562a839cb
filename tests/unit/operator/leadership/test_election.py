"""Who leads: one Lease, several replicas, each with a clock that a test moves."""

import asyncio
from typing import Any

import pytest

from darkroom_operator.api.cluster import ClusterError
from darkroom_operator.api.resources import Resource
from darkroom_operator.leadership.election import Election, NoElection
from darkroom_operator.leadership.fence import Fence, LeaseTerms, TermsError

Json = dict[str, Any]


class FakeLeases:
    """One Lease in memory, with versions and conflicts; it may be away."""

    def __init__(self) -> None:
        self.lease: Json | None = None
        self.away = False
        self.silent = False

    async def get(self, _resource: Resource, _namespace: str, _name: str) -> Json:
        """Return the Lease."""
        await self._answer()
        if self.lease is None:
            raise ClusterError(404, "NotFound", "no lease")
        return self.lease

    async def create_lease(self, _namespace: str, manifest: Json) -> Json:
        """Create it."""
        await self._answer()
        if self.lease is not None:
            raise ClusterError(409, "AlreadyExists", "a lease")
        self.lease = {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": "1"}}
        return self.lease

    async def replace_lease(self, _namespace: str, _name: str, manifest: Json) -> Json:
        """Replace it, unless it changed since."""
        await self._answer()
        version = self.version
        if manifest["metadata"]["resourceVersion"] != version:
            raise ClusterError(409, "Conflict", "a lease")
        self.lease = {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": str(int(version) + 1)}}
        return self.lease

    @property
    def version(self) -> str:
        """Return its resourceVersion."""
        assert self.lease is not None
        return str(self.lease["metadata"]["resourceVersion"])

    @property
    def spec(self) -> Json:
        """Return its spec."""
        assert self.lease is not None
        spec: Json = self.lease["spec"]
        return spec

    async def _answer(self) -> None:
        if self.silent:
            await asyncio.Event().wait()
        if self.away:
            raise ClusterError(0, "ClientConnectorError", "connection refused")


class Replica:
    """A candidate with a clock of its own."""

    def __init__(self, leases: FakeLeases, identity: str, **times: int) -> None:
        self.now = 1000.0
        self.fence = Fence(lambda: self.now)
        self.election = Election(
            LeaseTerms("system", "darkroom", identity, **times), leases, self.fence, lambda: self.now
        )

    def step(self, seconds: float = 0.0) -> bool:
        """Let time pass and ask once; returns whether it may write then."""
        self.now += seconds
        asyncio.run(self.election.step())
        return self.fence.is_open()


@pytest.fixture
def leases() -> FakeLeases:
    return FakeLeases()


@pytest.fixture
def one(leases: FakeLeases) -> Replica:
    return Replica(leases, "one")


@pytest.fixture
def two(leases: FakeLeases) -> Replica:
    return Replica(leases, "two")


def test_the_first_to_ask_leads_and_the_other_stands_by(one: Replica, two: Replica) -> None:
    assert (one.step(), two.step()) == (True, False)
    for _ in range(20):
        assert (one.step(2), two.step(2)) == (True, False)


def test_the_other_takes_over_once_the_lease_did_not_change_for_its_duration(one: Replica, two: Replica) -> None:
    one.step()
    assert [two.step(seconds) for seconds in (0, 10, 4.9)] == [False, False, False]
    assert two.step(0.2)


def test_a_standby_asks_right_after_the_holders_time_is_up(one: Replica, two: Replica) -> None:
    one.step()
    two.step()
    assert two.election.pause() == 2
    two.step(14)
    assert two.election.pause() == pytest.approx(1.2)
    assert two.step(two.election.pause())
    assert two.election.pause() == 2


def test_a_leader_without_renewal_is_fenced_before_another_may_take_over(one: Replica, two: Replica) -> None:
    one.step()
    two.step()
    one.now += 10
    two.now += 10
    assert not one.fence.is_open()
    assert not two.step()


def test_a_frozen_leader_finds_its_fence_shut_before_it_asks_anybody(one: Replica) -> None:
    one.step()
    one.now += 300
    assert not one.fence.is_open()


def test_a_frozen_leader_stands_by_when_another_has_taken_over(one: Replica, two: Replica) -> None:
    one.step()
    two.step()
    two.step(16)
    one.now += 16
    assert (one.step(), two.step()) == (False, True)


def test_a_leader_whose_lease_was_taken_is_fenced_at_once(leases: FakeLeases, one: Replica) -> None:
    one.step()
    leases.lease = {**(leases.lease or {}), "spec": {**leases.spec, "holderIdentity": "somebody"}}
    leases.lease["metadata"] = {**leases.lease["metadata"], "resourceVersion": "50"}
    assert not one.step(1)


def test_a_standby_whose_clock_runs_ahead_still_waits_for_the_duration(one: Replica, two: Replica) -> None:
    one.step()
    two.now += 1e6
    assert not two.step()


def test_a_restarted_replica_of_the_same_name_goes_on_leading(leases: FakeLeases, one: Replica) -> None:
    one.step()
    assert Replica(leases, "one").step()


def test_a_released_lease_is_taken_at_once(leases: FakeLeases, one: Replica, two: Replica) -> None:
    one.step()
    two.step()
    asyncio.run(one.election.resign())
    assert leases.spec["holderIdentity"] == ""
    assert (one.fence.is_open(), two.step()) == (False, True)
    assert not one.step(100), "who resigned never asks again"


def test_only_a_holder_releases(leases: FakeLeases, one: Replica, two: Replica) -> None:
    one.step()
    two.step()
    asyncio.run(two.election.resign())
    assert leases.spec["holderIdentity"] == "one"


@pytest.mark.parametrize("fault", ["away", "silent"])
def test_an_api_server_that_is_away_shuts_the_fence_and_opens_it_when_it_returns(
    fault: str, leases: FakeLeases
) -> None:
    one = Replica(leases, "one", lease_seconds=5, renew_seconds=3, retry_seconds=1)
    one.step()
    setattr(leases, fault, True)
    assert [one.step(seconds) for seconds in (1, 1.5, 1)] == [True, True, False]
    setattr(leases, fault, False)
    assert one.step(90)


def test_waiters_hear_of_both_changes(leases: FakeLeases, one: Replica) -> None:
    async def live() -> None:
        await one.election.step()
        await asyncio.wait_for(one.election.wait_until_leading(), 1)
        leases.away = True
        one.now += 11
        await one.election.step()
        await asyncio.wait_for(one.election.wait_until_standing_by(), 1)

    asyncio.run(live())


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


@pytest.mark.parametrize(
    "times",
    [
        {"lease_seconds": 10, "renew_seconds": 10},
        {"renew_seconds": 4, "retry_seconds": 2},
        {"retry_seconds": 0},
    ],
)
def test_times_with_which_two_could_write_are_refused(times: dict[str, int]) -> None:
    with pytest.raises(TermsError, match="longer"):
        LeaseTerms("system", "darkroom", "one", **times)


def test_a_lease_without_a_namespace_is_refused() -> None:
    with pytest.raises(TermsError, match="NAMESPACE/NAME"):
        LeaseTerms("", "darkroom", "one")


def test_without_an_election_a_process_leads_until_it_resigns() -> None:
    fence = Fence(lambda: 1e9)
    alone = NoElection(fence)
    assert fence.is_open()
    asyncio.run(alone.resign())
    assert not fence.is_open()
