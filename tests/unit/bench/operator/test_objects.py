"""What the baseline writes for a Model."""

import asyncio
import json
from typing import Any, cast

from bench.operator import objects
from darkroom_operator.api.cluster import KubernetesCluster
from darkroom_operator.api.resources import JOBS, Resource

MODEL: dict[str, Any] = {
    "metadata": {"name": "bench-0000", "uid": "u-0"},
    "status": {"phase": "Queued", "attempts": [{"number": 1, "job": "bench-0000-1"}]},
}
JOB: dict[str, Any] = {
    "metadata": {"name": "bench-0000-1", "uid": "j-0", "resourceVersion": "7", "ownerReferences": [{"uid": "u-0"}]},
    "spec": {
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "j-0"}},
        "template": {
            "metadata": {
                "labels": {"darkroom.dev/name": "bench-0000", "job-name": "x", "batch.kubernetes.io/job-name": "x"},
            },
        },
    },
    "status": {},
}


class Cluster:
    async def get(self, resource: Resource, namespace: str, name: str) -> Any:
        found = JOB if resource is JOBS else MODEL
        assert (namespace, name) == ("bench", found["metadata"]["name"])
        return json.loads(json.dumps(found))


def test_what_was_written_for_one_model_is_written_for_another_under_its_own_name_and_uid() -> None:
    seen = asyncio.run(objects.capture(cast("KubernetesCluster", Cluster()), "bench", "bench-0000"))
    written = seen.fill("bench-0042", "u-42")
    assert json.loads(written.job) == {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "bench-0042-1", "ownerReferences": [{"uid": "u-42"}]},
        "spec": {"template": {"metadata": {"labels": {"darkroom.dev/name": "bench-0042"}}}},
    }
    attempt = {"number": 1, "job": "bench-0042-1"}
    assert json.loads(written.status) == {"status": {"phase": "Queued", "attempts": [attempt]}}


def test_the_smallest_objects_are_a_models_own() -> None:
    written = objects.SMALLEST.fill("bench-0042", "u-42")
    job = json.loads(written.job)
    assert (job["metadata"]["name"], job["metadata"]["ownerReferences"][0]["uid"]) == ("bench-0042-1", "u-42")
