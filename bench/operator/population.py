"""A cluster that has been in use for long: many Models that are over, some that wait, in many namespaces.

Owns these objects, and the parts that scheduler, kubelet and Kueue have in them: half of what is live waits for a node,
half in a LocalQueue. Must not measure anything.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from bench.operator.load import build_dataset, build_model, build_ready_status
from darkroom_api import names
from darkroom_operator.api.resources import DATASETS, JOBS, MODELS, PODS
from tests.faults.cluster.api import NAMESPACES, Api
from tests.faults.kueue import crds
from tests.faults.kueue.player import Player

Json = dict[str, Any]

NUM_NAMESPACES: Final = 50
LIVE_SHARE: Final = 0.1
QUEUE: Final = "team"
THREADS: Final = 8
NUM_TAGS: Final = 20
_MOMENT: Final = "2026-01-01T00:00:00Z"


@dataclass(frozen=True)
class Population:
    """How many Models there are, and of these how many are not over."""

    models: int

    @property
    def live(self) -> int:
        """Return how many wait for a place."""
        return int(self.models * LIVE_SHARE)

    @property
    def queued(self) -> int:
        """Return how many of these wait in a LocalQueue; the others wait for a node."""
        return self.live // 2


def create_places(api: Api) -> None:
    """Make the namespaces, each with a Ready Dataset and a LocalQueue, and Kueue's API."""
    crds.install(api)
    for namespace in list_namespaces():
        api.create(NAMESPACES, None, {"metadata": {"name": namespace}})
    for namespace in list_namespaces():
        dataset = api.create(DATASETS, namespace, build_dataset())
        status = build_ready_status(dataset["metadata"]["generation"])
        api.merge(DATASETS, namespace, "bench", {"status": status}, "status")
        Player(api, namespace).create_queue(QUEUE)


def create_finished(api: Api, population: Population) -> None:
    """Make the Models that are over, as they are long after their Jobs are gone."""

    def create(number: int) -> None:
        namespace, name = find_namespace(number), f"old-{number:05d}"
        api.create(MODELS, namespace, build_model(name))
        api.merge(MODELS, namespace, name, {"status": build_finished_status(name)}, "status")

    for_each(range(population.models - population.live), create)


def create_live(api: Api, numbers: Iterable[int], num_queued: int, prefix: str = "live") -> None:
    """Make Models that are to run, the first of them in a LocalQueue."""

    def create(number: int) -> None:
        spec = {"queue": QUEUE} if number < num_queued else {}
        api.create(MODELS, find_namespace(number), build_model(f"{prefix}-{number:05d}", **spec))

    for_each(numbers, create)


def hold_jobs(api: Api) -> None:
    """Let every Job wait: for quota where it names a queue, else for a node."""
    jobs = api.call("GET", JOBS.path(None))["items"]
    for_each(jobs, lambda job: hold_job(api, {"apiVersion": JOBS.api_version, "kind": JOBS.kind, **job}))


def hold_job(api: Api, job: Json) -> None:
    """Do to a Job what Kueue's controllers do without quota, or what Kubernetes' own do without a node."""
    metadata = job["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    if "kueue.x-k8s.io/queue-name" in metadata["labels"]:
        api.merge(JOBS, namespace, name, {"spec": {"suspend": True}})
        Player(api, namespace).hold(job, QUEUE, "couldn't assign flavors: insufficient unused quota")
        return
    reference = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": metadata["uid"], "controller": True}
    template = job["spec"]["template"]
    pod = {
        "metadata": {**template["metadata"], "name": f"{name}-pod", "ownerReferences": [reference]},
        "spec": template["spec"],
    }
    api.create(PODS, namespace, pod)
    refused = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/9 nodes are free"}
    status = {"phase": "Pending", "conditions": [{**refused, "lastTransitionTime": _MOMENT}]}
    api.merge(PODS, namespace, f"{name}-pod", {"status": status}, "status")


def list_namespaces() -> list[str]:
    """Return the names of the namespaces."""
    return [find_namespace(number) for number in range(NUM_NAMESPACES)]


def find_namespace(number: int) -> str:
    """Return the namespace of a Model."""
    return f"bench-{number % NUM_NAMESPACES:02d}"


def for_each(items: Iterable[Any], do: Callable[[Any], None]) -> None:
    """Do something for many at once."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(do, items))


def build_finished_status(name: str) -> Json:
    """Return the status of a Model that succeeded at the second attempt, with the scores of each tag."""
    folder = f"s3://bench/darkroom/models/{name}"
    succeeded = {"status": "True", "reason": "Succeeded", "message": "The model is published.", "observedGeneration": 1}
    conditions = [{"type": kind, **succeeded, "lastTransitionTime": _MOMENT} for kind in ("Accepted", "Succeeded")]
    tags = {f"tag-{number:02d}": {"accuracy": 0.9 + number / 1000} for number in range(NUM_TAGS)}
    return {
        "observedGeneration": 1,
        "phase": "Succeeded",
        "reason": "Succeeded",
        "message": "Trained within the budget; accuracyTop1 is 0.912 on 300 images of a random part of the Dataset.",
        "allocation": {"class": "nowhere", "devices": 1, "milliRate": 1000, "deadlineSeconds": 3700, "node": "node-7"},
        "attempts": [build_attempt(name, 1, "RetryingAfterDisruption", 1), build_attempt(name, 2, "Succeeded", 0)],
        "artifacts": {"uri": folder, "digest": f"sha256:{0:064x}"},
        "datasetRevision": f"sha256:{1:064x}",
        "queuedAt": _MOMENT,
        "startedAt": _MOMENT,
        "completedAt": _MOMENT,
        "budget": {
            "totalSeconds": 3600,
            "chargedSeconds": 3544.25,
            "allocatedSeconds": 3700,
            "remainingSeconds": 55.75,
        },
        "performance": {"measuredOn": "holdOut", "images": 300, "score": 0.912, "tagPerformance": tags},
        "stopReason": "BudgetReached",
        "report": f"{folder}/report.html",
        "conditions": conditions,
    }


def build_attempt(name: str, number: int, outcome: str, exit_code: int) -> Json:
    """Return an attempt that has ended."""
    return {
        "number": number,
        "job": names.child_name(name, f"uid-{name}", number),
        "jobUid": f"00000000-0000-0000-0000-{number:012d}",
        "podUid": f"00000000-0000-0000-0001-{number:012d}",
        "node": "node-7",
        "startedAt": _MOMENT,
        "finishedAt": _MOMENT,
        "exitCode": exit_code,
        "outcome": outcome,
        "devices": 1,
        "milliRate": 1000,
        "chargedSeconds": 1772.125,
        "allocatedSeconds": 1850.0,
    }
