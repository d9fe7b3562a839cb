"""Cases in which somebody changes what the operator made, and cases of clocks that are wrong."""

from typing import Final

from darkroom_api import names
from darkroom_operator.resources import JOBS, MODELS, PODS
from tests.faults.cases import clock
from tests.faults.cases.case import Case
from tests.faults.cluster.driver import Player

GROUP: Final = "Drift"
CLOCK: Final = "Clock"
SAME: Final = "the undisturbed end"
AGAIN: Final = "`RetryingAfterDisruption`, free; a second attempt succeeds"


def play_job_deleted(player: Player) -> None:
    """A user deletes the Job."""
    player.create()
    player.start()
    player.lane.api.delete(JOBS, player.lane.namespace, player.job_name())
    end_again(player)


def play_pod_deleted(player: Player) -> None:
    """A user deletes the pod."""
    player.create()
    player.start()
    player.lane.api.delete(PODS, player.lane.namespace, player.pod()["metadata"]["name"])
    end_again(player)


def end_again(player: Player) -> None:
    """Let a second attempt succeed, and look at the first one's record."""
    player.run(2)
    first = player.attempt(1) or {}
    assert first["outcome"] == "RetryingAfterDisruption", first
    assert first["free"] is True
    assert player.status["phase"] == "Succeeded"


def play_labels_stripped(player: Player) -> None:
    """A user takes the Job's labels away."""
    player.create()
    player.start()
    labels = dict.fromkeys((names.LABEL_MANAGED_BY, names.LABEL_UID))
    player.lane.api.merge(JOBS, player.lane.namespace, player.job_name(), {"metadata": {"labels": labels}})
    player.end()
    player.wait_end()


def play_owner_removed(player: Player) -> None:
    """A user takes the Job's owner away."""
    player.create()
    player.start()
    player.lane.api.merge(JOBS, player.lane.namespace, player.job_name(), {"metadata": {"ownerReferences": None}})
    player.end()
    player.wait_end()


def play_status_wiped(player: Player) -> None:
    """A user empties the status."""
    player.create()
    player.start()
    player.lane.api.merge(MODELS, player.lane.namespace, player.name, {"status": None}, "status")
    player.wait_reason("Training")
    player.end()
    player.wait_end()


def play_status_forged(player: Player) -> None:
    """A user writes a phase, a reason and a bill of his own."""
    player.create()
    player.start()
    budget = {"totalSeconds": 1, "chargedSeconds": 999, "allocatedSeconds": 0, "remainingSeconds": 0}
    forged = {"phase": "Queued", "reason": "Unschedulable", "message": "forged", "budget": budget}
    player.lane.api.merge(MODELS, player.lane.namespace, player.name, {"status": forged}, "status")
    player.wait_reason("Training")
    player.end()
    player.wait_end()


def shifted(*hours: float) -> "clock.Play":
    """Return a play in which the operator's clock is wrong, and jumps to the next value while the trainer works."""

    def play(player: Player) -> None:
        lane = player.lane
        lane.operator.environment = clock.shift(lane.plane.control.folder, 3600 * hours[0])
        lane.operator.kill()
        player.create()
        player.start()
        for offset in hours[1:]:
            lane.operator.environment = clock.shift(lane.plane.control.folder, 3600 * offset)
            lane.operator.kill()
            lane.wait("an operator with another clock", lane.operator.is_ready)
        player.end()
        player.wait_end()

    return play


CASES = (
    Case(GROUP, "Job deleted", "the Job deleted while its trainer works", AGAIN, play_job_deleted, "nothing"),
    Case(GROUP, "pod deleted", "the pod deleted while its trainer works", AGAIN, play_pod_deleted, "nothing"),
    Case(
        GROUP,
        "Job's labels stripped",
        "the labels that the operator watches by removed",
        SAME,
        play_labels_stripped,
        "status",
    ),
    Case(GROUP, "Job's owner removed", "ownerReferences removed", SAME, play_owner_removed, "status"),
    Case(GROUP, "status wiped", "the whole status removed while training", SAME, play_status_wiped),
    Case(GROUP, "status forged", "phase, reason and budget overwritten while training", SAME, play_status_forged),
    Case(CLOCK, "operator 1 h ahead", "its wall clock shifted (libc)", SAME, shifted(1), has_own_lane=True),
    Case(CLOCK, "operator 1 h behind", "its wall clock shifted (libc)", SAME, shifted(-1), has_own_lane=True),
    Case(
        CLOCK,
        "clock steps back 2 h",
        "from 1 h ahead to 1 h behind while training",
        SAME,
        shifted(1, -1),
        has_own_lane=True,
    ),
)
