"""Who leads: one Lease, several replicas, each with a clock that a test moves."""

import asyncio

import pytest

from darkroom_operator.leadership.election import NoElection
from darkroom_operator.leadership.fence import Fence
from tests.unit.operator.leadership.replicas import FakeLeases, Replica


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


def test_without_an_election_a_process_leads_until_it_resigns() -> None:
    fence = Fence(lambda: 1e9)
    alone = NoElection(fence)
    assert fence.is_open()
    asyncio.run(alone.resign())
    assert not fence.is_open()
