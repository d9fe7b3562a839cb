"""The lifecycles in which the operator is killed: what user and nodes do, from the apply to an end that stays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from darkroom_api.conditions import Reason
from tests.faults.cluster.driver import ENDS, Driver


@dataclass(frozen=True)
class Lifecycle:
    """A lifecycle of one resource."""

    name: str
    kind: str
    story: str
    steps: Callable[[Driver], None]


def run_through(driver: Driver) -> None:
    """Apply, run, succeed."""
    driver.create()
    driver.run()


def run_disruption(driver: Driver) -> None:
    """The first attempt's pod is evicted; the second one succeeds."""
    driver.create()
    driver.start()
    driver.end(reason=Reason.RETRYING_AFTER_DISRUPTION, disruption="evicted by a test")
    driver.run(2)


def run_suspension(driver: Driver) -> None:
    """Suspended while it trains, and resumed."""
    driver.create()
    driver.start()
    driver.edit(suspend=True)
    driver.wait("no pod", lambda: driver.find_pod(1) is None)
    driver.wait_reason("Suspended")
    driver.wait("the attempt closed", lambda: bool((driver.attempt(1) or {}).get("outcome")))
    driver.edit(suspend=False)
    driver.run(2)


def run_cancellation(driver: Driver) -> None:
    """Cancelled while it trains; where another attempt publishes what there is, it runs."""
    driver.create()
    driver.start()
    driver.edit(cancel=True)
    driver.wait("no pod", lambda: driver.find_pod(1) is None)
    driver.wait("a second attempt, or an end", lambda: driver.find_pod(2) is not None or _has_ended(driver))
    if driver.find_pod(2) is not None:
        driver.wait("attempt 2 in the status", lambda: driver.attempt(2) is not None)
        driver.sandbox.cluster.kubelet.place(driver.pod(2))
        driver.wait("words that name the node", lambda: "is preparing pod" in driver.status.get("message", ""))
        driver.sandbox.cluster.kubelet.start(driver.pod(2))
        driver.wait("the publication started", lambda: bool((driver.attempt(2) or {}).get("startedAt")))
        driver.end(2, Reason.CANCELLED)
    driver.wait_end()


def _has_ended(driver: Driver) -> bool:
    return driver.status.get("phase") in ENDS


LIFECYCLES: Final = (
    Lifecycle("dataset", "Dataset", "inspected", run_through),
    Lifecycle("model", "Model", "trained", run_through),
    Lifecycle("model-disrupted", "Model", "evicted once, then trained", run_disruption),
    Lifecycle("model-suspended", "Model", "suspended while it trains, resumed, trained", run_suspension),
    Lifecycle("model-cancelled", "Model", "cancelled while it trains", run_cancellation),
    Lifecycle("evaluation", "Evaluation", "measured", run_through),
    Lifecycle("prediction", "Prediction", "its images answered", run_through),
)
