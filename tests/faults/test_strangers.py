"""Jobs and pods of strangers on a real API server: none is believed, and one that cannot be read stops nothing."""

from collections.abc import Iterator

import pytest

from darkroom_api import names
from darkroom_operator.api.resources import JOBS, PODS
from tests.faults.cluster.control_plane import FaultCluster
from tests.faults.cluster.driver import Driver
from tests.faults.cluster.forgeries import FORGED_URI, forge_job, forge_pod
from tests.faults.cluster.sandbox import Sandbox, open_sandbox

ELSEWHERE = "strangers-elsewhere"


@pytest.fixture(scope="module")
def sandbox(fault_cluster: FaultCluster) -> Iterator[Sandbox]:
    """Return an operator of two namespaces."""
    with open_sandbox(fault_cluster, "strangers", ELSEWHERE) as sandbox:
        yield sandbox


def own(driver: Driver) -> dict[str, str]:
    """Return what a stranger has to know of the Model."""
    return {"name": driver.name, "uid": driver.uid}


def test_a_report_from_another_namespace_is_not_believed_and_its_job_is_not_touched(sandbox: Sandbox) -> None:
    driver = Driver(sandbox, "Model", "claimed")
    driver.create()
    driver.wait_pod()
    # The garbage collector would delete a Job whose owner is not in its namespace; labels it does not look at.
    job = forge_job(sandbox.api, ELSEWHERE, driver.job_name(), own(driver), 1, ownerReferences=[])
    forge_pod(sandbox.api, ELSEWHERE, job, own(driver), 1)
    driver.run()
    assert FORGED_URI not in str(driver.status)
    assert sandbox.mirror.get(JOBS, ELSEWHERE, driver.job_name()) is not None


def test_a_job_that_somebody_put_in_the_way_of_the_next_attempt_is_deleted_and_not_believed(sandbox: Sandbox) -> None:
    driver = Driver(sandbox, "Model", "waylaid")
    driver.create()
    driver.start()
    job = forge_job(sandbox.api, sandbox.namespace, driver.job_name(2), own(driver), 2)
    forge_pod(sandbox.api, sandbox.namespace, job, own(driver), 2)
    driver.wait("the forged Job seen", lambda: job["metadata"]["uid"] in str(driver.jobs()))
    driver.wait_pod(2)
    sandbox.api.delete(JOBS, sandbox.namespace, driver.job_name())
    driver.wait("the forged Job gone", lambda: job["metadata"]["uid"] not in str(driver.jobs()))
    driver.wait("its pod gone", lambda: sandbox.mirror.get(PODS, sandbox.namespace, "forged") is None)
    driver.wait("another attempt", lambda: len(driver.status.get("attempts", ())) == 2)
    driver.run(driver.status["attempts"][-1]["number"])
    assert FORGED_URI not in str(driver.status)


def test_a_job_that_cannot_be_read_is_passed_over_and_told(sandbox: Sandbox) -> None:
    driver = Driver(sandbox, "Model", "beside")
    endless = {"apiVersion": names.API_VERSION, "kind": "Model", "name": "x", "uid": "u" * 300, "controller": True}
    stranger = {"name": "x", "uid": "nobody"}
    forge_job(sandbox.api, sandbox.namespace, "unreadable", stranger, 1, ownerReferences=[endless])
    driver.create()
    driver.run()
    assert "Job strangers/unreadable: metadata.ownerReferences.0.uid" in sandbox.operator.log
    assert sandbox.operator.starts == 1
