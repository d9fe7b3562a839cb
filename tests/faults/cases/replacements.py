"""Cases in which what the operator works for goes away, comes back as another, or is edited."""

import time
from collections.abc import Callable
from typing import Final

from darkroom_operator.api.resources import JOBS, MODELS
from tests.faults.cases.case import Case
from tests.faults.cluster.api import NAMESPACES, Refusal
from tests.faults.cluster.driver import Driver
from tests.faults.cluster.kubelet import CHARGED_SECONDS
from tests.faults.cluster.manifests import build_dataset, build_model
from tests.faults.proxy import actions
from tests.faults.proxy.server import Rule

GROUP: Final = "Lifecycle"
GONE: Final = "Model, Job and pod go; no write afterwards"
REFUSED_TRIES: Final = 6
"""How often the operator may ask for a write that the API server refuses, before it hears that the object is gone."""
HELD_SECONDS: Final = 3
SAME: Final = "the undisturbed end"


def deleted(bring: Callable[[Driver], None], is_operator_up: bool = True) -> Callable[[Driver], None]:
    """Return steps in which the Model is deleted once `bring` has brought it so far."""

    def steps(driver: Driver) -> None:
        driver.create()
        bring(driver)
        if not is_operator_up:
            driver.sandbox.keep_operator_up = False
            driver.sandbox.operator.kill()
        driver.delete()
        expect_silence(driver, 2)

    return steps


def expect_silence(driver: Driver, seconds: float) -> None:
    """See the Model go with all that belongs to it, and no write about it for a while.

    News of the deletion may reach the operator later than this test: until then its writes are refused (404).
    """
    sandbox = driver.sandbox
    wait_gone(driver)
    written = len(sandbox.proxy.mutations.about(driver.name))
    sandbox.keep_operator_up = True
    sandbox.wait("an operator", sandbox.operator.is_ready)
    time.sleep(seconds)
    late = sandbox.proxy.mutations.about(driver.name)[written:]
    taken = [str(write) for write in late if write.status != 404]
    assert not taken, f"wrote after the deletion: {taken}"
    assert len(late) <= REFUSED_TRIES, f"{len(late)} writes to what is gone"


def run_late_answer(driver: Driver) -> None:
    """The news that the Model is gone overtake the answer to a status write."""
    driver.create()
    driver.wait_pod()
    driver.wait("attempt 1 in the status", lambda: driver.attempt(1) is not None)
    driver.sandbox.proxy.add(Rule(actions.hold_answer(HELD_SECONDS), "/models/.*/status", "PATCH", times=1))
    driver.sandbox.cluster.kubelet.place(driver.pod())
    driver.wait_reason("Starting")
    driver.delete()
    expect_silence(driver, HELD_SECONDS + 3)


def wait_gone(driver: Driver) -> None:
    """Wait until the Model with its Jobs and pods is gone."""
    sandbox = driver.sandbox
    driver.wait("Model gone", lambda: sandbox.mirror.get(MODELS, sandbox.namespace, driver.name) is None)
    driver.wait("Jobs and pods gone", lambda: not driver.jobs() and driver.find_pod() is None)


def run_recreated(driver: Driver) -> None:
    """Deleted while it trains and at once created again under its name."""
    driver.create()
    driver.start()
    first = driver.uid
    driver.delete()
    driver.create()
    assert driver.uid != first
    driver.run()
    before = Driver(driver.sandbox, "Model", driver.name, uid=first)
    driver.wait("the first one's Job gone", lambda: not before.jobs())


def run_edited(driver: Driver) -> None:
    """The API server refuses a change of the budget; the run goes on."""
    driver.create()
    driver.start()
    refused = 0
    try:
        driver.edit(budget="20m")
    except Refusal as refusal:
        refused = refusal.status
    assert refused == 422
    driver.end()
    driver.wait_end()


def run_namespace(driver: Driver) -> None:
    """The namespace goes while the Model trains."""
    sandbox = driver.sandbox
    driver.create()
    driver.start()
    sandbox.api.delete(NAMESPACES, None, sandbox.namespace)
    deleted_at = time.monotonic()
    wait_gone(driver)
    time.sleep(3)
    tries = [w for w in sandbox.proxy.mutations.writes if w.at > deleted_at and w.method == "POST"]
    assert len(tries) <= REFUSED_TRIES, f"{len(tries)} tries to create in a namespace that goes"
    assert sandbox.mirror.count_added(JOBS, sandbox.namespace, driver.name) == {driver.job_name(): 1}


def run_dataset_deleted(driver: Driver) -> None:
    """The Dataset goes while the Model trains on it."""
    dataset = Driver(driver.sandbox, "Dataset", f"{driver.name}-data")
    dataset.create()
    dataset.run()
    driver.create(build_model(driver.name, dataset.name))
    driver.start()
    dataset.delete()
    driver.end()
    driver.wait_end()


def run_dataset_replaced(driver: Driver) -> None:
    """While the Model trains, its Dataset becomes another one of another kind."""
    dataset = Driver(driver.sandbox, "Dataset", f"{driver.name}-data")
    dataset.create()
    dataset.run()
    driver.create(build_model(driver.name, dataset.name))
    driver.start()
    dataset.delete()
    manifest = build_dataset(dataset.name)
    manifest["spec"]["annotationKind"] = "imageObjectDetection"
    dataset.create(manifest)
    driver.end()
    driver.wait_end()
    assert driver.status["datasetRevision"] == "sha256:played"


def run_model_before_dataset(driver: Driver) -> None:
    """The Dataset comes after the Model."""
    dataset = Driver(driver.sandbox, "Dataset", f"{driver.name}-data")
    driver.create(build_model(driver.name, dataset.name))
    driver.wait_reason("WaitingForDataset")
    dataset.create()
    dataset.run()
    driver.run()


def run_suspended_unseen(driver: Driver) -> None:
    """Suspended; the operator dies, and the pod goes with its report before the operator is back."""
    driver.create()
    driver.start()
    driver.edit(suspend=True)
    driver.wait("the Job being deleted", lambda: all("deletionTimestamp" in job["metadata"] for job in driver.jobs()))
    driver.sandbox.keep_operator_up = False
    driver.sandbox.operator.kill()
    driver.wait("no pod", lambda: driver.find_pod(1) is None)
    driver.sandbox.keep_operator_up = True
    driver.wait_reason("Suspended")
    driver.edit(suspend=False)
    driver.run(2)
    assert driver.status["phase"] == "Succeeded"
    assert driver.status["budget"]["chargedSeconds"] == CHARGED_SECONDS


def _place(driver: Driver) -> None:
    driver.wait_pod()
    driver.sandbox.cluster.kubelet.place(driver.pod())


CASES = (
    Case(GROUP, "deleted while queued", "deleted before its pod has a node", GONE, deleted(Driver.wait_pod), "nothing"),
    Case(GROUP, "deleted while starting", "deleted while its container is created", GONE, deleted(_place), "nothing"),
    Case(GROUP, "deleted while training", "deleted while its trainer works", GONE, deleted(Driver.start), "nothing"),
    Case(GROUP, "deleted once succeeded", "deleted after its end", GONE, deleted(Driver.run), "nothing"),
    Case(
        GROUP,
        "deleted, an answer late",
        f"deleted while the answer to a status write is on its way for {HELD_SECONDS} s",
        GONE,
        run_late_answer,
        "nothing",
    ),
    Case(
        GROUP,
        "deleted while training, operator down",
        "operator killed, Model deleted, operator started",
        "no finalizer holds it; " + GONE,
        deleted(Driver.start, is_operator_up=False),
        "nothing",
    ),
    Case(
        GROUP,
        "deleted while queued, operator down",
        "the same before its pod has a node",
        "no finalizer holds it; " + GONE,
        deleted(Driver.wait_pod, is_operator_up=False),
        "nothing",
    ),
    Case(
        GROUP,
        "recreated under its name",
        "deleted while training and created again at once",
        "the new one has its own Job and the undisturbed end; the old Job goes",
        run_recreated,
        "status",
    ),
    Case(
        GROUP, "spec edited", "`budget` changed while training", "refused by the API server (422); " + SAME, run_edited
    ),
    Case(
        GROUP,
        "namespace deleted",
        "its namespace deleted while training",
        "all goes; a few refused tries, nothing is created in it",
        run_namespace,
        "nothing",
        has_own_sandbox=True,
    ),
    Case(GROUP, "Dataset deleted under a Model", "deleted while the Model trains", SAME, run_dataset_deleted, "status"),
    Case(
        GROUP,
        "Dataset replaced under a Model",
        "replaced by one of another kind while the Model trains",
        "the undisturbed end, with the revision that it trained on",
        run_dataset_replaced,
        "status",
    ),
    Case(
        GROUP,
        "Model before its Dataset",
        "the Dataset is applied later",
        "`WaitingForDataset`, then the undisturbed end",
        run_model_before_dataset,
        "status",
    ),
    Case(
        GROUP,
        "suspended, operator down",
        "suspended; the operator is down until the stopped pod is gone",
        "`Suspended`; resumed, it succeeds, and `charged` is right: it is in the checkpoint",
        run_suspended_unseen,
        "nothing",
    ),
)
