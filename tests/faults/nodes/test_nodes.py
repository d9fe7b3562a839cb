"""Models on several nodes on a real API server and Job controller: what they accept, and which pod's end ends what.

The operator has the rights that the chart gives it. The nodes are simulated, so that no trainer answers: a run on
several nodes waits for its nodes here until its pod of index 0 ends.
"""

import base64
import contextlib
import pathlib
import ssl
from collections.abc import Iterator
from typing import Any, Final

import pytest

from darkroom_api import names
from darkroom_api.conditions import Reason
from darkroom_operator.api import kueue
from darkroom_operator.api.resources import DATASETS, JOBS, PODS, SECRETS, SERVICES
from tests.faults.cluster.api import Json, Refusal
from tests.faults.cluster.control_plane import FaultCluster
from tests.faults.cluster.driver import Driver
from tests.faults.cluster.kubelet import RUN_SECONDS, build_outcome
from tests.faults.cluster.manifests import build_dataset, build_model, build_ready_status
from tests.faults.cluster.sandbox import Sandbox, open_sandbox
from tests.faults.kueue.rights import grant_least

NAMESPACE: Final = "nodes"
CLASS: Final = {"cpu": "10m", "memory": "16Mi", "maxNodes": 4}
DATASET: Final = "many"
"""Of so many images that three devices can use them."""
INDEX: Final = "batch.kubernetes.io/job-completion-index"
SECONDS: Final = 90.0


@pytest.fixture(scope="module")
def sandbox(fault_cluster: FaultCluster) -> Iterator[Sandbox]:
    """Return an operator whose class lets Models have four nodes, with the rights that such a class gives it."""
    with open_sandbox(fault_cluster, NAMESPACE) as sandbox:
        sandbox.operator.kill()
        grant_least(sandbox, "computeClasses.cpu.maxNodes=4")
        sandbox.operator.configure(computeClasses={"cpu": CLASS})
        sandbox.operator.start()
        sandbox.operator.wait_ready()
        status = build_ready_status()
        status["summary"]["images"] = 1000
        sandbox.api.create(DATASETS, NAMESPACE, build_dataset(DATASET))
        sandbox.api.merge(DATASETS, NAMESPACE, DATASET, {"status": status}, "status")
        yield sandbox


def apply(sandbox: Sandbox, name: str, **spec: Any) -> Driver:
    """Apply a Model on three nodes, of which two are enough, and wait for its pods."""
    driver = Driver(sandbox, "Model", name, SECONDS)
    driver.create(build_model(name, DATASET, compute={"nodes": 3, "minNodes": 2}, **spec))
    wait_pods(driver, 3)
    driver.wait("the attempt in the status", lambda: driver.attempt(1) is not None)
    return driver


def list_pods(driver: Driver, attempt: int = 1) -> list[Json]:
    """Return an attempt's pods that nobody has deleted, by their index."""
    pods = driver.sandbox.mirror.select(PODS, NAMESPACE, names.LABEL_UID, driver.uid)
    mine = [pod for pod in pods if pod["metadata"]["labels"][names.LABEL_ATTEMPT] == str(attempt)]
    kept = [pod for pod in mine if "deletionTimestamp" not in pod["metadata"]]
    return sorted(kept, key=lambda pod: int(pod["metadata"]["annotations"][INDEX]))


def wait_pods(driver: Driver, count: int, attempt: int = 1) -> list[Json]:
    """Wait until an attempt has so many pods; returns them by their index."""
    driver.wait(f"{count} pods", lambda: len(list_pods(driver, attempt)) == count)
    return list_pods(driver, attempt)


def start(driver: Driver, attempt: int = 1) -> list[Json]:
    """Start the containers of all pods of an attempt; returns the pods by their index."""
    pods = wait_pods(driver, 3, attempt)
    for pod in pods:
        driver.sandbox.cluster.kubelet.place(pod)
        driver.sandbox.cluster.kubelet.start(pod)
    driver.wait_reason("WaitingForNodes")
    return pods


def end(driver: Driver, pod: Json, reason: Reason) -> None:
    """End a pod's container."""
    driver.sandbox.cluster.kubelet.end(pod, build_outcome(pod, reason))


def find_job(driver: Driver, attempt: int = 1) -> Json | None:
    """Return an attempt's Job as it is now."""
    return driver.sandbox.mirror.get(JOBS, NAMESPACE, driver.job_name(attempt))


def remove(driver: Driver, attempt: int) -> None:
    """Delete a Model whose last attempt is this one, and wait until its pods are gone, too."""
    driver.delete()
    pods = driver.sandbox.mirror.select
    driver.wait("its Job gone", lambda: find_job(driver, attempt) is None)
    driver.wait("its pods gone", lambda: not pods(PODS, NAMESPACE, names.LABEL_UID, driver.uid))


def test_the_api_server_takes_all_that_is_made_and_every_pod_has_its_name(
    sandbox: Sandbox, tmp_path: pathlib.Path
) -> None:
    driver = apply(sandbox, "3-shelves")
    job, service = driver.job_name(), names.nodes_service(driver.uid, 1)
    spec = sandbox.api.get(JOBS, NAMESPACE, job)["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 3, 3)
    assert (spec["backoffLimitPerIndex"], spec["successPolicy"]["rules"][0]["succeededIndexes"]) == (0, "0")
    pods = list_pods(driver)
    assert [pod["spec"]["hostname"] for pod in pods] == [f"{job}-{index}" for index in range(3)]
    assert {pod["spec"]["subdomain"] for pod in pods} == {service}
    told = [{variable["name"] for variable in pod["spec"]["containers"][0]["env"]} for pod in pods]
    assert all(names.INDEX_VARIABLE in variables for variables in told)
    made = sandbox.api.get(SERVICES, NAMESPACE, service)
    assert (made["spec"]["clusterIP"], made["spec"]["publishNotReadyAddresses"]) == ("None", True)
    secret = sandbox.api.get(SECRETS, NAMESPACE, names.nodes_secret(driver.name, driver.uid))
    assert (secret["type"], secret["immutable"]) == ("kubernetes.io/tls", True)
    for name, content in secret["data"].items():
        (tmp_path / name).write_bytes(base64.b64decode(content))
    ssl.create_default_context().load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    remove(driver, 1)


def test_a_failed_worker_ends_nothing_and_the_end_of_index_0_ends_the_run(sandbox: Sandbox) -> None:
    driver = apply(sandbox, "worker-fails")
    first, second, _ = start(driver)
    assert driver.status["message"].startswith("1 of 3 nodes has joined; the training begins with at least 2")
    end(driver, second, Reason.UNKNOWN)
    driver.wait("what it held", lambda: driver.status["budget"]["allocatedSeconds"] == RUN_SECONDS)
    driver.wait("its index failed", lambda: (find_job(driver) or {})["status"].get("failedIndexes") == "1")
    assert "outcome" not in driver.status["attempts"][0]
    end(driver, first, Reason.SUCCEEDED)
    driver.wait_end()
    attempt = driver.status["attempts"][0]
    assert (driver.status["phase"], len(driver.status["attempts"])) == ("Succeeded", 1)
    assert (attempt["nodes"], attempt["exitCode"], "workerSeconds" in attempt) == (3, 0, False)
    assert 3 * RUN_SECONDS - 2 <= attempt["allocatedSeconds"] <= 3 * RUN_SECONDS + 2
    driver.wait("the last worker ended by the Job controller", lambda: len(list_pods(driver)) == 2)
    assert driver.sandbox.mirror.count_added(JOBS, NAMESPACE, driver.name) == {driver.job_name(): 1}


def test_the_crash_of_index_0_is_an_attempt_and_its_workers_are_gone_within_a_minute(sandbox: Sandbox) -> None:
    driver = apply(sandbox, "leader-fails")
    first, *_ = start(driver)
    end(driver, first, Reason.UNKNOWN)
    driver.wait("the second attempt", lambda: driver.attempt(2) is not None)
    assert driver.status["attempts"][0]["outcome"] == "Unknown"
    driver.wait("the first one's Job gone", lambda: find_job(driver) is None)
    wait_pods(driver, 3, 2)
    remove(driver, 2)


def test_too_few_nodes_are_free_and_tried_again(sandbox: Sandbox) -> None:
    driver = apply(sandbox, "too-few")
    first, *_ = start(driver)
    end(driver, first, Reason.WAITING_FOR_NODES)
    driver.wait("the second attempt", lambda: driver.attempt(2) is not None)
    attempt = driver.status["attempts"][0]
    assert (attempt["outcome"], attempt["exitCode"], attempt["free"]) == ("WaitingForNodes", 81, True)
    assert driver.status["budget"]["chargedSeconds"] == 0
    remove(driver, 2)


def test_a_queue_may_admit_two_of_three_pods(sandbox: Sandbox) -> None:
    driver = apply(sandbox, "admitted", queue="team")
    job = driver.job_name()
    notes = sandbox.api.get(JOBS, NAMESPACE, job)["metadata"]["annotations"]
    assert (notes[kueue.ANNOTATION_MIN_PARALLELISM], notes[kueue.ANNOTATION_EQUAL_COMPLETIONS]) == ("2", "true")
    sandbox.api.merge(JOBS, NAMESPACE, job, {"spec": {"suspend": True}})
    wait_pods(driver, 0)
    driver.wait_reason("WaitingForQuota")
    sandbox.api.merge(JOBS, NAMESPACE, job, {"spec": {"suspend": False, "parallelism": 2, "completions": 2}})
    pods = wait_pods(driver, 2)
    driver.wait("what it got", lambda: driver.status["attempts"][0].get("nodes") == 2)
    for pod in pods:
        sandbox.cluster.kubelet.place(pod)
        sandbox.cluster.kubelet.start(pod)
    driver.wait_reason("WaitingForNodes")
    end(driver, pods[0], Reason.SUCCEEDED)
    driver.wait_end()
    assert (driver.status["phase"], len(driver.status["attempts"])) == ("Succeeded", 1)


def test_a_service_that_is_gone_is_made_again_by_an_operator_that_was_killed(sandbox: Sandbox) -> None:
    driver = apply(sandbox, "service-gone")
    service = names.nodes_service(driver.uid, 1)

    def is_there() -> bool:
        with contextlib.suppress(Refusal):
            return bool(sandbox.api.get(SERVICES, NAMESPACE, service))
        return False

    driver.wait("the Service", is_there)
    sandbox.api.delete(SERVICES, NAMESPACE, service)
    sandbox.operator.kill()
    driver.wait("the Service again", is_there)
    assert "Forbidden" not in sandbox.operator.log
    remove(driver, 1)
