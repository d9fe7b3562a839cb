"""Cases in which the API server refuses, stumbles, or commits without an answer."""

import time
from collections.abc import Callable
from typing import Final

from darkroom_operator.resources import JOBS
from tests.faults.cases.case import Case
from tests.faults.cluster.api import QUOTAS, Json
from tests.faults.cluster.driver import Player
from tests.faults.proxy import actions
from tests.faults.proxy.actions import Action
from tests.faults.proxy.server import Rule

GROUP: Final = "API errors"
SAME: Final = "the undisturbed end"
JOB: Final = {"method": "POST", "path": r"/jobs(\?|$)"}
STATUS: Final = {"method": "PATCH", "path": r"/models/[^/]+/status"}
TOLD_SECONDS: Final = 10.0


def meeting(action: Action, where: dict[str, str], times: int) -> Callable[[Player], None]:
    """Return a play in which some writes meet a fault."""

    def play(player: Player) -> None:
        rule = player.lane.proxy.add(Rule(action, where["path"], where["method"], times=times))
        player.create()
        player.run()
        assert rule.hits == times, f"the fault came {rule.hits} times"

    return play


def play_foreign_job(player: Player) -> None:
    """A Job of the very name exists and belongs to nobody; later it is deleted."""
    lane = player.lane
    lane.proxy.add(Rule(actions.answer(503), JOB["path"], JOB["method"]))
    player.create()
    lane.api.create(JOBS, lane.namespace, build_foreign_job(player.job_name()))
    lane.proxy.clear()
    player.wait_reason("NameConflict")
    assert player.job_name() in player.status["message"]
    lane.api.delete(JOBS, lane.namespace, player.job_name())
    player.run()


def build_foreign_job(name: str) -> Json:
    """Return a Job that nobody's operator made."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "other", "image": "played.invalid/other:1"}]}
    return {"metadata": {"name": name}, "spec": {"suspend": True, "template": {"spec": pod}}}


def play_quota(player: Player) -> None:
    """The namespace has no room for a Job; later it has."""
    lane = player.lane
    lane.api.create(QUOTAS, lane.namespace, {"metadata": {"name": "none"}, "spec": {"hard": {"count/jobs.batch": "0"}}})
    lane.wait("the quota is in force", lambda: "hard" in lane.api.get(QUOTAS, lane.namespace, "none").get("status", {}))
    player.create()
    applied = time.monotonic()
    player.wait_reason("WaitingForQuota")
    assert time.monotonic() - applied < TOLD_SECONDS
    lane.api.delete(QUOTAS, lane.namespace, "none")
    player.run()


def play_revoked(player: Player) -> None:
    """The operator's rights go while a trainer works, and come back."""
    player.create()
    player.start()
    player.lane.revoke()
    player.lane.proxy.cut_watches()
    player.end()
    time.sleep(TOLD_SECONDS)
    assert player.status["phase"] == "Training"
    player.lane.grant()
    player.wait_end()


CASES = (
    Case(
        GROUP,
        "429 on Job create",
        "429 with Retry-After: 1, three times",
        SAME,
        meeting(actions.answer(429, Retry_After="1"), JOB, 3),
    ),
    Case(GROUP, "500 on Job create", "500, three times", SAME, meeting(actions.answer(500), JOB, 3)),
    Case(GROUP, "503 on Job create", "503, three times", SAME, meeting(actions.answer(503), JOB, 3)),
    Case(
        GROUP,
        "connection dropped on Job create",
        "no answer, nothing sent, three times",
        SAME,
        meeting(actions.drop, JOB, 3),
    ),
    Case(
        GROUP,
        "Job create committed, answer lost",
        "the Job is made, the connection cut",
        SAME + "; the Job is adopted",
        meeting(actions.cut, JOB, 1),
    ),
    Case(
        GROUP,
        "Job create sent twice",
        "the second answer (409 AlreadyExists) passed on",
        SAME,
        meeting(actions.duplicate, JOB, 1),
    ),
    Case(
        GROUP,
        "409 for a Job of somebody else",
        "a Job of that name exists, later it is deleted",
        "`NameConflict` with the name, then the undisturbed end",
        play_foreign_job,
        compares="status",
    ),
    Case(
        GROUP,
        "429 on status write",
        "429 with Retry-After: 1, three times",
        SAME,
        meeting(actions.answer(429, Retry_After="1"), STATUS, 3),
    ),
    Case(GROUP, "500 on status write", "500, three times", SAME, meeting(actions.answer(500), STATUS, 3)),
    Case(GROUP, "409 on status write", "409 Conflict, three times", SAME, meeting(actions.answer(409), STATUS, 3)),
    Case(
        GROUP,
        "422 on status write",
        "422, once",
        SAME,
        meeting(actions.answer(422), STATUS, 1),
    ),
    Case(
        GROUP,
        "status write committed, answer lost",
        "written, the connection cut, twice",
        SAME,
        meeting(actions.cut, STATUS, 2),
    ),
    Case(
        GROUP,
        "status write sent twice",
        "the second answer (a conflict) passed on, twice",
        SAME,
        meeting(actions.duplicate, STATUS, 2),
    ),
    Case(GROUP, "slow writes", "every write 2 s late", SAME, meeting(actions.delay(2), STATUS, 4)),
    Case(
        GROUP,
        "rights revoked",
        "RoleBinding deleted while training, and made again",
        SAME,
        play_revoked,
        has_own_lane=True,
    ),
    Case(
        GROUP,
        "no quota for Jobs",
        "a real ResourceQuota of no Jobs, later deleted",
        "`WaitingForQuota` within 10 s, then the undisturbed end",
        play_quota,
        compares="status",
        has_own_lane=True,
    ),
)
