"""Product-recognition runs of two pods: both see the same ones, and those of pods that are killed end."""

import contextlib
import http.client
import time

import pytest

from darkroom_api.v1alpha1.common import Task
from tests.cluster.api import manifests
from tests.cluster.api.connection import Connection
from tests.cluster.api.waiting import SYSTEM_NAMESPACE
from tests.cluster.scenarios.main_job import MainJob
from tests.cluster.serving.server import RUNS, Server
from tests.cluster.storage.bucket import Bucket
from tests.support.server.models import draw, write_model

RUN_SECONDS = 150


@pytest.fixture(scope="module")
def shelf(main_job: MainJob, connection: Connection, bucket: Bucket, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a product recognizer that has succeeded, as its operator would have left it."""
    folder = tmp_path_factory.mktemp("shelf")
    digest = write_model(folder, Task.PRODUCT_RECOGNIZER)
    bucket.put_folder(folder, "made/shelf")
    model = manifests.a_model("shelf", main_job.namespace, "nothing", task=Task.PRODUCT_RECOGNIZER.value)
    connection.apply(model)
    status = {
        "phase": "Succeeded", "reason": "Succeeded", "message": "Done.",
        "artifacts": {"uri": bucket.uri("made/shelf"), "digest": digest},
    }  # fmt: skip
    connection.merge("Model", "shelf", main_job.namespace, {"status": status}, subresource="status")
    return "shelf"


def _wait_for_ends(server: Server, runs: list[str]) -> list[str]:
    """Return the statuses of runs once all have ended, whichever pods answer meanwhile."""
    ends_at = time.monotonic() + RUN_SECONDS
    states: dict[str, str] = {}
    while not set(states.values()) <= {"succeeded", "failed"} or len(states) < len(runs):
        assert time.monotonic() < ends_at, states
        for run in runs:
            with contextlib.suppress(OSError, http.client.HTTPException):
                answer = server.call_run("GET", run)
                if answer.status == 200:
                    states[run] = answer.json["status"]
        time.sleep(1)
    return list(states.values())


@pytest.mark.timeout(240, func_only=True)
def test_two_pods_see_the_same_run_and_those_of_killed_pods_end(
    server: Server, shelf: str, bucket: Bucket, connection: Connection
) -> None:
    first, second = server.list_pods()
    picture = draw(("red", 0, 0), ("blue", 2, 1))
    one = f"{shelf}/runs/seen"
    assert server.call_run("PUT", one, picture, first).status == 201
    assert server.call_run("PUT", one, picture, second).status == 409
    assert _wait_for_ends(server, [one]) == ["succeeded"]
    assert len(server.call_run("GET", one, pod=second).json["result"]["products"]) == 2
    assert server.call_run("DELETE", one, pod=second).status == 204
    assert server.call_run("GET", one, pod=first).status == 404
    runs = [f"{shelf}/runs/killed-{number}" for number in range(20)]
    for run in runs:
        assert server.call_run("PUT", run, picture, first).status == 201
    for pod in server.list_pods():
        connection.delete("Pod", pod["metadata"]["name"], SYSTEM_NAMESPACE, grace_seconds=0)
    assert set(_wait_for_ends(server, runs)) == {"succeeded"}
    assert [key for key in bucket.keys(RUNS) if key.endswith(".image")] == []
