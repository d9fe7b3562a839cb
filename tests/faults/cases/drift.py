"""Cases in which somebody changes what the operator made, and cases of clocks that are wrong."""

from typing import Final

from darkroom_api import names
from darkroom_operator.api.resources import JOBS, MODELS, PODS
from tests.faults.cases import clock
from tests.faults.cases.case import Case
from tests.faults.cluster.driver import Driver

GROUP: Final = "Drift"
CLOCK: Final = "Clock"
SAME: Final = "the undisturbed end"
AGAIN: Final = "`RetryingAfterDisruption`, free; a second attempt succeeds"


def run_job_deleted(driver: Driver) -> None:
    """A user deletes the Job."""
    driver.create()
    driver.start()
    driver.sandbox.api.delete(JOBS, driver.sandbox.namespace, driver.job_name())
    end_again(driver)


def run_pod_deleted(driver: Driver) -> None:
    """A user deletes the pod."""
    driver.create()
    driver.start()
    driver.sandbox.api.delete(PODS, driver.sandbox.namespace, driver.pod()["metadata"]["name"])
    end_again(driver)


def end_again(driver: Driver) -> None:
    """Let a second attempt succeed, and look at the first one's record."""
    driver.run(2)
    first = driver.attempt(1) or {}
    assert first["outcome"] == "RetryingAfterDisruption", first
    assert first["free"] is True
    assert driver.status["phase"] == "Succeeded"


def run_labels_stripped(driver: Driver) -> None:
    """A user takes the Job's labels away."""
    driver.create()
    driver.start()
    labels = dict.fromkeys((names.LABEL_MANAGED_BY, names.LABEL_UID))
    driver.sandbox.api.merge(JOBS, driver.sandbox.namespace, driver.job_name(), {"metadata": {"labels": labels}})
    driver.end()
    driver.wait_end()


def run_owner_removed(driver: Driver) -> None:
    """A user takes the Job's owner away."""
    driver.create()
    driver.start()
    driver.sandbox.api.merge(JOBS, driver.sandbox.namespace, driver.job_name(), {"metadata": {"ownerReferences": None}})
    driver.end()
    driver.wait_end()


def run_status_wiped(driver: Driver) -> None:
    """A user empties the status."""
    driver.create()
    driver.start()
    driver.sandbox.api.merge(MODELS, driver.sandbox.namespace, driver.name, {"status": None}, "status")
    driver.wait_reason("Training")
    driver.end()
    driver.wait_end()


def run_status_forged(driver: Driver) -> None:
    """A user writes a phase, a reason and a bill of his own."""
    driver.create()
    driver.start()
    budget = {"totalSeconds": 1, "chargedSeconds": 999, "allocatedSeconds": 0, "remainingSeconds": 0}
    forged = {"phase": "Queued", "reason": "Unschedulable", "message": "forged", "budget": budget}
    driver.sandbox.api.merge(MODELS, driver.sandbox.namespace, driver.name, {"status": forged}, "status")
    driver.wait_reason("Training")
    driver.end()
    driver.wait_end()


def shifted(*hours: float) -> "clock.Play":
    """Return steps in which the operator's clock is wrong, and jumps to the next value while the trainer works."""

    def steps(driver: Driver) -> None:
        sandbox = driver.sandbox
        sandbox.operator.environment = clock.shift(sandbox.cluster.control.folder, 3600 * hours[0])
        sandbox.operator.kill()
        driver.create()
        driver.start()
        for offset in hours[1:]:
            sandbox.operator.environment = clock.shift(sandbox.cluster.control.folder, 3600 * offset)
            sandbox.operator.kill()
            sandbox.wait("an operator with another clock", sandbox.operator.is_ready)
        driver.end()
        driver.wait_end()

    return steps


CASES = (
    Case(GROUP, "Job deleted", "the Job deleted while its trainer works", AGAIN, run_job_deleted, "nothing"),
    Case(GROUP, "pod deleted", "the pod deleted while its trainer works", AGAIN, run_pod_deleted, "nothing"),
    Case(
        GROUP,
        "Job's labels stripped",
        "the labels that the operator watches by removed",
        SAME,
        run_labels_stripped,
        "status",
    ),
    Case(GROUP, "Job's owner removed", "ownerReferences removed", SAME, run_owner_removed, "status"),
    Case(GROUP, "status wiped", "the whole status removed while training", SAME, run_status_wiped),
    Case(GROUP, "status forged", "phase, reason and budget overwritten while training", SAME, run_status_forged),
    Case(CLOCK, "operator 1 h ahead", "its wall clock shifted (libc)", SAME, shifted(1), has_own_sandbox=True),
    Case(CLOCK, "operator 1 h behind", "its wall clock shifted (libc)", SAME, shifted(-1), has_own_sandbox=True),
    Case(
        CLOCK,
        "clock steps back 2 h",
        "from 1 h ahead to 1 h behind while training",
        SAME,
        shifted(1, -1),
        has_own_sandbox=True,
    ),
)
