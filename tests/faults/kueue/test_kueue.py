"""Runs in the queues of Kueue, with its own CRDs, on a real API server: its webhook holds every Job, its controllers'
part is played, and the operator has the rights that the chart gives it.

All rows live through three acts side by side, since each waits for the same pauses: what is wrong is told, it is put
right, and what is admitted works to its end. Each test looks at its row.
"""

import pathlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import pytest

from darkroom_api import names
from darkroom_operator.api.kueue import LABEL_QUEUE
from tests.faults.cluster.api import Json
from tests.faults.cluster.control_plane import FaultCluster
from tests.faults.cluster.driver import BUILD, Driver
from tests.faults.cluster.kubelet import CHARGED_SECONDS, RUN_SECONDS
from tests.faults.cluster.sandbox import Sandbox, open_sandbox
from tests.faults.kueue import crds
from tests.faults.kueue.door import FAR, Door, open_door
from tests.faults.kueue.player import STOPPED, Player
from tests.faults.kueue.rights import grant_least

NAMESPACE: Final = "kueue"
NO_QUOTA: Final = "couldn't assign flavors to pod set main: insufficient unused quota for cpu in flavor default"
TOO_OFTEN: Final = "The workload has exceeded the maximum number of re-queuing retries"
CAUSE: Final = "DeactivatedDueToRequeuingLimitExceeded"
SECONDS: Final = 120.0
"""For each wait: the operator asks Kueue again after a minute at the latest."""


@dataclass
class Row:
    """One run in a queue."""

    driver: Driver
    queue: str | None
    """The LocalQueue that it names."""
    words: str
    """What its message says of what is wrong."""
    wrong: Json = field(default_factory=dict)
    """Its status when that was told."""
    waiting: Json = field(default_factory=dict)
    """Its status once that was put right."""

    def job(self) -> Json:
        """Return its last Job, which is there."""
        found = self._find_job()
        assert found is not None
        return found

    def wait_job(self, queue: str | None) -> Json:
        """Wait until its last Job is in a queue, or in none; returns the Job as it was then."""
        seen: list[Json] = []

        def is_queued() -> bool:
            job = self._find_job()
            if job is not None and job["metadata"]["labels"].get(LABEL_QUEUE) == queue:
                seen.append(job)
            return bool(seen)

        self.driver.wait(f"a Job in queue {queue}", is_queued)
        return seen[0]

    def wait_words(self, words: str, without: str = "\n") -> Json:
        """Wait until its message has these words and none of others; returns the status as it was then."""
        seen: list[Json] = []

        def is_told() -> bool:
            status = self.driver.status
            message = str(status.get("message", ""))
            if words in message and without not in message:
                seen.append(status)
            return bool(seen)

        self.driver.wait(f"the words {words}", is_told)
        return seen[0]

    def _find_job(self) -> Json | None:
        jobs = self.driver.jobs()
        return max(jobs, key=lambda job: int(job["metadata"]["labels"][names.LABEL_ATTEMPT]), default=None)


def list_rows(sandbox: Sandbox) -> dict[str, Row]:
    """Return the rows, none of which is applied yet."""
    told = {
        "inspection": ("Dataset", None, "names no LocalQueue"),
        "evaluation": ("Evaluation", None, "names no LocalQueue"),
        "early": ("Model", "later", "LocalQueue `later` does not exist in namespace `kueue`"),
        "stopped": ("Model", "held", "LocalQueue `held` admits nothing now: Stopped: LocalQueue is stopped"),
        "first": ("Model", "team", "(position 1 in the LocalQueue, 6 in its ClusterQueue)"),
        "last": ("Prediction", "team", "(position after 10 in the LocalQueue, after 10 in its ClusterQueue)"),
        "given-up": ("Model", "team", "Kueue has deactivated the run's Workload"),
        "remote": ("Model", FAR, "LocalQueue `far` sends runs to other clusters"),
    }

    return {
        name: Row(Driver(sandbox, kind, name, SECONDS), queue, words) for name, (kind, queue, words) in told.items()
    }


def apply(rows: dict[str, Row]) -> None:
    """Apply every row, with its queue."""
    for name, row in rows.items():
        manifest = BUILD[row.driver.kind](name)
        row.driver.create({**manifest, "spec": {**manifest["spec"], **({"queue": row.queue} if row.queue else {})}})


def act_one(rows: dict[str, Row], player: Player, door: Door) -> None:
    """What is wrong is told: Kueue holds every Job."""
    player.create_queue("held", STOPPED)
    player.create_queue("team")
    player.create_queue(FAR)
    apply(rows)
    jobs = {name: row.wait_job(row.queue) for name, row in rows.items()}
    others = [f"other-{number}" for number in range(12)]
    door.order = [jobs["first"]["metadata"]["uid"], *others, jobs["last"]["metadata"]["uid"]]
    for name, row in rows.items():
        if row.queue is not None and name != "remote":
            player.hold(jobs[name], row.queue, NO_QUOTA)
    player.deactivate(jobs["given-up"], CAUSE, TOO_OFTEN)
    for row in rows.values():
        row.wrong = row.wait_words(row.words)
    rows["remote"].driver.wait("its Job gone", lambda: not rows["remote"].driver.jobs())


def act_two(rows: dict[str, Row], player: Player, door: Door, sandbox: Sandbox) -> None:
    """It is put right, and the operator starts again with a queue for what names none; the order is told no more."""
    door.tells_order, door.asked = False, 0
    rows["remote"].driver.edit(queue="team")
    player.create_queue("later")
    player.set_active("held")
    player.activate(rows["given-up"].job())
    sandbox.operator.kill()
    sandbox.operator.configure(defaultQueue="team")
    sandbox.operator.start()
    sandbox.operator.wait_ready()
    for name, row in rows.items():
        job = row.wait_job("team" if row.queue in (None, FAR) else row.queue)
        if name in ("inspection", "evaluation", "remote"):
            player.hold(job, "team", NO_QUOTA)
        row.waiting = row.wait_words("has not admitted", without="(position")


def act_three(rows: dict[str, Row], player: Player) -> None:
    """What is admitted works to its end."""
    for row in rows.values():
        player.admit(row.job())
    for row in rows.values():
        row.driver.run(row.driver.status["attempts"][-1]["number"])


@pytest.fixture(scope="module")
def door(fault_cluster: FaultCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Return what Kueue serves, once its CRDs are there."""
    crds.install(fault_cluster.api)
    folder: pathlib.Path = tmp_path_factory.mktemp("kueue")
    try:
        with open_door(fault_cluster.api, folder, NAMESPACE) as opened:
            yield opened
    finally:
        crds.remove(fault_cluster.api)


@pytest.fixture(scope="module")
def sandbox(fault_cluster: FaultCluster) -> Iterator[Sandbox]:
    """Return the operator's namespace."""
    with open_sandbox(fault_cluster, NAMESPACE) as sandbox:
        grant_least(sandbox)
        yield sandbox


@pytest.fixture(scope="module")
def rows(door: Door, sandbox: Sandbox) -> dict[str, Row]:
    """Return every row after the last act; the operator starts once Kueue is there, which it looks for now and then."""
    player, listed = Player(sandbox.api, NAMESPACE), list_rows(sandbox)
    act_one(listed, player, door)
    act_two(listed, player, door, sandbox)
    act_three(listed, player)
    return listed


REASONS: Final = {
    "inspection": "InvalidConfiguration",
    "evaluation": "InvalidConfiguration",
    "early": "InvalidConfiguration",
    "stopped": "WaitingForQuota",
    "first": "WaitingForQuota",
    "last": "WaitingForQuota",
    "given-up": "WaitingForQuota",
    "remote": "InvalidConfiguration",
}


@pytest.mark.parametrize("name", REASONS)
def test_what_is_wrong_is_told_costs_nothing_and_is_over_once_it_is_put_right(rows: dict[str, Row], name: str) -> None:
    row = rows[name]
    assert row.wrong["reason"] == REASONS[name]
    assert row.waiting["reason"] == "WaitingForQuota"
    assert row.driver.status["phase"] in ("Ready", "Succeeded")
    for status in (row.wrong, row.waiting):
        budget = status.get("budget", {})
        assert (budget.get("chargedSeconds", 0), budget.get("allocatedSeconds", 0)) == (0, 0)
    if row.driver.kind == "Model":
        held = row.driver.status["budget"]
        assert (held["chargedSeconds"], held["allocatedSeconds"]) == (CHARGED_SECONDS, RUN_SECONDS)


@pytest.mark.parametrize("name", ["inspection", "evaluation"])
def test_what_names_no_queue_gets_that_of_the_installation_and_is_held_no_more(rows: dict[str, Row], name: str) -> None:
    assert rows[name].job()["metadata"]["labels"][LABEL_QUEUE] == "team"
    assert "`defaultQueue` in the installation's values" in rows[name].wrong["message"]


def test_a_deactivated_workload_is_told_with_its_cause_and_what_to_do(rows: dict[str, Row]) -> None:
    message = rows["given-up"].wrong["message"]
    assert f"({CAUSE}: {TOO_OFTEN})" in message
    assert "set `spec.active` of the Workload to true" in message
    assert len(rows["given-up"].driver.status["attempts"]) == 1


def test_a_queue_that_sends_runs_to_other_clusters_is_refused_and_its_job_is_gone(rows: dict[str, Row]) -> None:
    attempts = rows["remote"].driver.status["attempts"]
    assert [attempt["outcome"] for attempt in attempts[:1]] == ["InvalidConfiguration"]
    assert attempts[0]["free"] is True
    assert "spec.managedBy" in rows["remote"].wrong["message"]


def test_without_an_order_of_the_queue_words_are_told_and_it_is_hardly_asked_for(
    rows: dict[str, Row], door: Door
) -> None:
    assert rows["first"].waiting["message"].endswith(NO_QUOTA)
    assert door.asked <= 3


def test_no_job_is_ever_changed_by_the_operator_though_it_was_killed(rows: dict[str, Row], sandbox: Sandbox) -> None:
    stayed = ("early", "stopped", "first", "last", "given-up")
    assert {len(rows[name].driver.status["attempts"]) for name in stayed} == {1}
    written = {str(write) for write in sandbox.proxy.mutations.about("")}
    assert {write for write in written if "jobs" in write} <= {"POST jobs", "DELETE jobs"}
    assert "Forbidden" not in sandbox.operator.log
