"""The Job of a Model on several nodes: Indexed, judged by index 0, its pods told where to meet; and that of one."""

import hashlib
import json
from typing import Any, Final

import pytest

from darkroom_api import names
from darkroom_api.run_config import JOIN_SECONDS, NodesOrder, RunConfig
from darkroom_operator.api import kueue
from darkroom_operator.decide.model import decide_model
from darkroom_operator.manifests.job import build_job
from darkroom_operator.manifests.pod import ANNOTATION_RUN_CONFIG
from darkroom_operator.manifests.run_config import plan_training
from tests.builders import (
    UID,
    Json,
    a_config,
    a_model_spec,
    a_model_status,
    a_model_view,
    an_attempt,
    an_observed_dataset,
    at,
)

GPU: Final = {"resourceName": "nvidia.com/gpu", "maxDevices": 4, "maxNodes": 8}
SPREAD: Final = a_config(computeClasses={"gpu": GPU, "cpu": {"milliRate": 100}})
IMAGES: Final = an_observed_dataset(images=10_000)
NAME: Final = names.child_name("fruit", UID, 1)
SERVICE: Final = names.nodes_service(UID, 1)


def training(config: Any = SPREAD, status: Any = None, **spec: Any) -> Json:
    """Build a training's Job, as it is decided."""
    view = a_model_view(a_model_spec(**spec), status, dataset=IMAGES, now=at(500))
    return build_job(plan_training(view, decide_model(view, config).status, config), config)


def told_by(job: Json) -> RunConfig:
    """Return what a Job's trainers are told."""
    return RunConfig.model_validate_json(job["spec"]["template"]["metadata"]["annotations"][ANNOTATION_RUN_CONFIG])


def test_a_run_on_three_nodes_is_one_indexed_job_that_ends_with_index_0() -> None:
    spec = training(compute={"nodes": 3, "devices": 2})["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 3, 3)
    assert spec["successPolicy"] == {"rules": [{"succeededIndexes": "0"}]}
    assert (spec["backoffLimitPerIndex"], spec["podReplacementPolicy"]) == (0, "Failed")
    assert not {"backoffLimit", "maxFailedIndexes", "activeDeadlineSeconds"} & spec.keys()


def test_every_pod_is_told_where_index_0_is_and_has_the_certificate() -> None:
    job = training(compute={"nodes": 3, "minNodes": 2, "devices": 2})
    pod = job["spec"]["template"]["spec"]
    assert pod["subdomain"] == SERVICE
    assert told_by(job).nodes == NodesOrder(
        count=3, least=2, address=f"{NAME}-0.{SERVICE}", port=8090, join_seconds=JOIN_SECONDS
    )
    assert told_by(job).devices == 2
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == names.NODES_VOLUME]
    (source,) = volume["projected"]["sources"]
    assert source["secret"]["name"] == names.nodes_secret("fruit", UID)
    assert {item["path"] for item in source["secret"]["items"]} == {"tls.crt", "tls.key"}
    (mount,) = [mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == names.NODES_VOLUME]
    assert (mount["mountPath"], mount["readOnly"]) == (names.NODES_DIR, True)


def test_a_pod_may_work_as_long_as_one_alone_would_need() -> None:
    pod = training(compute={"nodes": 4, "minNodes": 2})["spec"]["template"]["spec"]
    assert pod["activeDeadlineSeconds"] == 600 + 120 + 30 + JOIN_SECONDS + 3600


FEWER: dict[str, tuple[Json, dict[str, str]]] = {
    "a queue, and fewer are enough": ({"queue": "team", "compute": {"nodes": 4, "minNodes": 2}}, {
        kueue.ANNOTATION_MIN_PARALLELISM: "2", kueue.ANNOTATION_EQUAL_COMPLETIONS: "true",
    }),
    "a queue, and all are needed": ({"queue": "team", "compute": {"nodes": 4}}, {}),
    "no queue": ({"compute": {"nodes": 4, "minNodes": 2}}, {}),
    "one node": ({"queue": "team"}, {}),
}  # fmt: skip


@pytest.mark.parametrize(("spec", "notes"), FEWER.values(), ids=FEWER.keys())
def test_a_queue_may_admit_fewer_pods_with(spec: Json, notes: dict[str, str]) -> None:
    annotations = training(**spec)["metadata"]["annotations"]
    assert {key: value for key, value in annotations.items() if key.startswith(kueue.GROUP)} == notes


def test_a_job_that_waits_is_known_by_how_many_nodes_it_asks_for() -> None:
    digests = [
        training(compute=compute)["metadata"]["annotations"]["darkroom.dev/pod-digest"]
        for compute in ({"nodes": 3}, {"nodes": 4}, {"nodes": 4, "minNodes": 3}, {"nodes": 4, "minNodes": 4})
    ]
    assert len(set(digests)) == 3
    assert digests[1] == digests[3]


def test_what_publishes_a_cancelled_model_has_one_pod() -> None:
    stopped = an_attempt(1, charged_seconds=9, nodes=3, outcome=None)
    ended = stopped.model_copy(update={"outcome": "Suspended", "finished_at": "2026-06-01T12:00:50Z"})
    job = training(status=a_model_status(ended), cancel=True, compute={"nodes": 3})
    assert told_by(job).publish_only
    assert told_by(job).nodes is None
    assert job["spec"]["completions"] == 1


ONE_NODE: Final = {
    "a Model": ({}, "6a672645f52119b0"),
    "a Model that names one node": ({"compute": {"nodes": 1, "minNodes": 1}}, "6a672645f52119b0"),
    "a Model on two devices in a queue": ({"compute": {"devices": 2}, "queue": "team"}, "33ca4716c8fad89a"),
}


@pytest.mark.parametrize(("spec", "digest"), ONE_NODE.values(), ids=ONE_NODE.keys())
def test_the_job_of_a_run_on_one_node_is_what_it_was_before_there_were_several(spec: Json, digest: str) -> None:
    """A Job that waits is replaced where this changes: see `outdated`."""
    built = json.dumps(training(a_config(), **spec)).encode()
    assert hashlib.sha256(built).hexdigest()[:16] == digest
