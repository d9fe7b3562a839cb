"""Cases in which the API server refuses, stumbles, or commits without an answer."""

import time
from collections.abc import Callable
from typing import Final

from darkroom_operator.api.resources import JOBS
from tests.faults.cases.case import Case
from tests.faults.cluster.api import QUOTAS, Json
from tests.faults.cluster.driver import Driver
from tests.faults.proxy import actions
from tests.faults.proxy.actions import Action
from tests.faults.proxy.server import Rule

GROUP: Final = "API errors"
SAME: Final = "the undisturbed end"
JOB: Final = {"method": "POST", "path": r"/jobs(\?|$)"}
STATUS: Final = {"method": "PATCH", "path": r"/models/[^/]+/status"}
TOLD_SECONDS: Final = 10.0


def meeting(action: Action, where: dict[str, str], times: int) -> Callable[[Driver], None]:
    """Return steps in which some writes meet a fault."""

    def steps(driver: Driver) -> None:
        rule = driver.sandbox.proxy.add(Rule(action, where["path"], where["method"], times=times))
        driver.create()
        driver.run()
        assert rule.hits == times, f"the fault came {rule.hits} times"

    return steps


def run_foreign_job(driver: Driver) -> None:
    """A Job of the very name exists and belongs to nobody; later it is deleted."""
    sandbox = driver.sandbox
    sandbox.proxy.add(Rule(actions.answer(503), JOB["path"], JOB["method"]))
    driver.create()
    sandbox.api.create(JOBS, sandbox.namespace, build_foreign_job(driver.job_name()))
    sandbox.proxy.clear()
    driver.wait_reason("NameConflict")
    assert driver.job_name() in driver.status["message"]
    sandbox.api.delete(JOBS, sandbox.namespace, driver.job_name())
    driver.run()


def build_foreign_job(name: str) -> Json:
    """Return a Job that nobody's operator made."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "other", "image": "played.invalid/other:1"}]}
    return {"metadata": {"name": name}, "spec": {"suspend": True, "template": {"spec": pod}}}


def run_quota(driver: Driver) -> None:
    """The namespace has no room for a Job; later it has."""
    sandbox = driver.sandbox
    sandbox.api.create(
        QUOTAS, sandbox.namespace, {"metadata": {"name": "none"}, "spec": {"hard": {"count/jobs.batch": "0"}}}
    )
    sandbox.wait(
        "the quota is in force", lambda: "hard" in sandbox.api.get(QUOTAS, sandbox.namespace, "none").get("status", {})
    )
    driver.create()
    applied = time.monotonic()
    driver.wait_reason("WaitingForQuota")
    assert time.monotonic() - applied < TOLD_SECONDS
    sandbox.api.delete(QUOTAS, sandbox.namespace, "none")
    driver.run()


def run_revoked(driver: Driver) -> None:
    """The operator's rights go while a trainer works, and come back."""
    driver.create()
    driver.start()
    driver.sandbox.revoke()
    driver.sandbox.proxy.cut_watches()
    driver.end()
    time.sleep(TOLD_SECONDS)
    assert driver.status["phase"] == "Training"
    driver.sandbox.grant()
    driver.wait_end()


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
        run_foreign_job,
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
        run_revoked,
        has_own_sandbox=True,
    ),
    Case(
        GROUP,
        "no quota for Jobs",
        "a real ResourceQuota of no Jobs, later deleted",
        "`WaitingForQuota` within 10 s, then the undisturbed end",
        run_quota,
        compares="status",
        has_own_sandbox=True,
    ),
)
