"""Two operators at once: the leader is killed, stopped, or frozen for so long that the other takes over.

The API server's audit log says who wrote what. `DARKROOM_FREEZE_SECONDS=300` freezes for five minutes,
`DARKROOM_OUTAGE_SECONDS=90` takes the API server away for so long.
"""

import os
import pathlib
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import pytest

from tests.faults.proxy import actions
from tests.faults.proxy.server import Rule
from tests.faults.replicas.processes import wait_until
from tests.faults.replicas.two_operators import Pair, start_pair

FREEZE_SECONDS: Final = float(os.environ.get("DARKROOM_FREEZE_SECONDS", "40"))
OUTAGE_SECONDS: Final = float(os.environ.get("DARKROOM_OUTAGE_SECONDS", "25"))
RETURNED_SECONDS: Final = 30.0
KILLED_SECONDS: Final = 20.0
STOPPED_SECONDS: Final = 8.0
pytestmark = pytest.mark.timeout(240 + FREEZE_SECONDS)


@pytest.fixture
def pair(tmp_path: pathlib.Path, built: None) -> Iterator[Pair]:  # noqa: ARG001  # the binaries must be there
    """Return two operators, one of which leads."""
    with start_pair(tmp_path) as pair:
        yield pair


def test_the_standby_takes_over_from_a_killed_leader_within_20_seconds(pair: Pair) -> None:
    pair.wait_taken_up(pair.create_models(3), 20)
    pair.leader.send(signal.SIGKILL)
    took = pair.wait_taken_up(pair.create_models(3), KILLED_SECONDS)
    print(f"SIGKILL of the leader to the Jobs of new Models: {took:.1f} s")
    pair.expect_one_job_each()


def test_the_standby_takes_over_at_once_from_a_leader_that_is_asked_to_end(pair: Pair) -> None:
    pair.wait_taken_up(pair.create_models(3), 20)
    pair.leader.send(signal.SIGTERM)
    took = pair.wait_taken_up(pair.create_models(3), STOPPED_SECONDS)
    print(f"SIGTERM to the leader to the Jobs of new Models: {took:.1f} s")
    assert pair.leader.wait(20) == 0
    pair.expect_one_job_each()


def test_a_leader_that_was_frozen_in_its_work_writes_nothing_when_it_goes_on(pair: Pair) -> None:
    pair.create_models(60)
    pair.leader.send(signal.SIGSTOP)
    frozen_at = time.monotonic()
    took = pair.wait_taken_up(pair.create_models(3), KILLED_SECONDS + 10)
    time.sleep(max(FREEZE_SECONDS - (time.monotonic() - frozen_at), 0))
    before, went_on_at = pair.statuses(), datetime.now(UTC)
    pair.leader.send(signal.SIGCONT)
    wait_until(lambda: pair.leader.role == "standby", 30, lambda: pair.leader.log)
    time.sleep(15)
    print(f"frozen for {FREEZE_SECONDS:.0f} s; the other took over after {took:.1f} s")
    assert pair.writes_of(pair.leader, went_on_at) == []
    assert pair.statuses() == before
    assert pair.standby.role == "leader"
    pair.wait_taken_up(pair.create_models(1), 10)
    pair.expect_one_job_each()


def test_both_outlive_an_api_server_that_is_away_for_longer_than_the_lease(pair: Pair) -> None:
    pair.wait_taken_up(pair.create_models(3), 20)
    pair.proxy.add(Rule(actions.answer(503)))
    pair.proxy.cut_watches()
    time.sleep(OUTAGE_SECONDS)
    assert [replica.health for replica in (pair.leader, pair.standby)] == [200, 200], "a restart would not help"
    assert "leader" not in (pair.leader.role, pair.standby.role), "nobody may write on a lease that nobody renews"
    pair.proxy.clear()
    returned_at = time.monotonic()
    pair.wait_taken_up(pair.create_models(3), RETURNED_SECONDS)
    took = time.monotonic() - returned_at
    print(f"503 for {OUTAGE_SECONDS:.0f} s; from the API server's return to the Jobs of new Models: {took:.1f} s")
    pair.expect_one_job_each()
