"""The load: a namespace, a Dataset that is Ready, and Models as fast as a few clients can create them."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import Any

from bench.operator.observation import Seen
from darkroom_api import names
from darkroom_operator.api.cluster import ClusterError, KubernetesCluster
from darkroom_operator.api.resources import DATASETS, MODELS, Resource

NAMESPACE = "darkroom-bench"
NAMESPACES = Resource("", "v1", "namespaces", "Namespace")
CREATORS = 8


async def prepare(cluster: KubernetesCluster) -> None:
    """Make the namespace and a Dataset that is Ready."""
    with contextlib.suppress(ClusterError):
        await cluster.create(NAMESPACES, "", build_namespace())
    await asyncio.sleep(1)
    dataset = await cluster.create(DATASETS, NAMESPACE, build_dataset())
    status = build_ready_status(dataset["metadata"]["generation"])
    operations: list[dict[str, Any]] = [{"op": "add", "path": "/status", "value": status}]
    await cluster.patch(DATASETS, NAMESPACE, "bench", operations, "status")


async def create_models(cluster: KubernetesCluster, count: int, seen: Seen) -> None:
    """Create all Models as fast as a few clients can."""
    pending = iter(range(count))

    async def create() -> None:
        for number in pending:
            name = name_model(number)
            await cluster.create(MODELS, NAMESPACE, build_model(name))
            seen.created[name] = time.monotonic()

    await asyncio.gather(*(create() for _ in range(CREATORS)))


def name_model(number: int) -> str:
    """Return the name of a Model of the load."""
    return f"bench-{number:04d}"


def build_namespace() -> dict[str, Any]:
    """Return the namespace, which enforces the restricted level as the product asks for."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def build_dataset() -> dict[str, Any]:
    """Return the Dataset."""
    spec = {"annotationKind": "imageClassification", "annotationFiles": ["s3://bench/train.json"]}
    return {"apiVersion": names.API_VERSION, "kind": "Dataset", "metadata": {"name": "bench"}, "spec": spec}


def build_ready_status(generation: int) -> dict[str, Any]:
    """Return the status of a Dataset that was inspected."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ready = {"type": "Ready", "status": "True", "reason": "Ready", "message": "", "observedGeneration": generation}
    return {
        "observedGeneration": generation,
        "phase": "Ready",
        "reason": "Ready",
        "summary": {"images": 10, "annotations": 10, "revision": "sha256:bench"},
        "conditions": [{**ready, "lastTransitionTime": now}],
    }


def build_model(name: str, **more: Any) -> dict[str, Any]:
    """Return a Model, with more in its spec."""
    spec = {"task": "classifier", "dataset": "bench", "budget": "1h", **more}
    return {"apiVersion": names.API_VERSION, "kind": "Model", "metadata": {"name": name}, "spec": spec}
