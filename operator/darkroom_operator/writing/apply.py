"""All writes: Jobs first, then one status, then Events.

Owns what each answer of the API server means. Must not decide what is written.
"""

import logging
from collections.abc import Awaitable
from datetime import datetime
from typing import Final

from darkroom_operator.api.cluster import Cluster, ClusterError
from darkroom_operator.api.resources import EVENTS, JOBS, PODS, Json, Key, Resource
from darkroom_operator.facts import belonging, reading
from darkroom_operator.facts.children import ObservedJob, ObservedPod
from darkroom_operator.observing.store import Store
from darkroom_operator.writing.events import Notice, build_event, build_repetition

logger = logging.getLogger(__name__)

END_SECONDS: Final = 10
"""The grace period of a pod whose trainer has ended. Its own is for a trainer that saves its work."""


class StaleError(Exception):
    """The object changed since it was read; the watch will tell how, and the reconcile comes again."""


class NamespaceGoneError(Exception):
    """The namespace is being deleted, and with it all that is in it: there is nothing left to do or to tell."""


class StatusRefusedError(Exception):
    """The CRD's schema does not take the status; trying the same again at once would be refused again."""


class JobRefusedError(Exception):
    """Admission or validation does not take a Job; the message is the API server's."""


class JobNameTakenError(Exception):
    """A Job of that name belongs to something else."""


class NodeObjectRefusedError(Exception):
    """An object is not taken without which the pods of a run cannot meet; the message names it and says what to do."""


async def create_job(cluster: Cluster, store: Store, manifest: Json) -> Json:
    """Create a Job, or take over the very same one; return it.

    Raises JobRefusedError, JobNameTakenError, NamespaceGoneError, and StaleError where an attempt's Job is there that
    is another than this one, which the store knows from then on.
    """
    namespace, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
    with store.writing(Key(JOBS.kind, namespace, name)):
        try:
            created = await cluster.create(JOBS, namespace, manifest)
        except ClusterError as error:
            if is_namespace_gone(error):
                raise NamespaceGoneError(str(error)) from error
            if error.status in (400, 403, 422):
                raise JobRefusedError(error.message) from error
            if error.status != 409:
                raise
            created = await cluster.get(JOBS, namespace, name)
            _check_taken_over(store, created, manifest)
        store.put(JOBS, created)
    return created


def _check_taken_over(store: Store, existing: Json, manifest: Json) -> None:
    """Raise unless the Job that has the name is the one that would have been created."""
    (wanted,) = manifest["metadata"]["ownerReferences"]
    job = reading.parse_job(existing)
    if job.owner_uid != wanted["uid"]:
        raise JobNameTakenError(f"Job {job.namespace}/{job.name}")
    if not belonging.is_built_as(job, reading.read_asked(manifest)):
        store.put(JOBS, existing)
        raise StaleError(f"Job {job.namespace}/{job.name} is another")


def is_namespace_gone(error: ClusterError) -> bool:
    """Return whether a create failed for want of a living namespace."""
    terminating = error.status == 403 and "because it is being terminated" in error.message
    return terminating or (error.status == 404 and error.message.startswith("namespaces "))


async def stop_job(cluster: Cluster, job: ObservedJob) -> None:
    """Delete a Job; its pod gets its grace period to write a checkpoint."""
    await _delete(cluster.delete(JOBS, job.namespace, job.name, job.uid))


async def end_pod(cluster: Cluster, pod: ObservedPod) -> None:
    """Delete a pod whose trainer has ended; its other containers get `END_SECONDS`, whatever it was given before."""
    await _delete(cluster.delete(PODS, pod.namespace, pod.name, pod.uid, grace_seconds=END_SECONDS))


async def _delete(call: Awaitable[None]) -> None:
    """Delete an object, unless it is gone or another one has its name."""
    try:
        await call
    except ClusterError as error:
        if error.status not in (404, 409):
            raise


async def write_status(
    cluster: Cluster, store: Store, resource: Resource, key: Key, resource_version: int, status: Json
) -> set[Key]:
    """Write a status, provided that the object is still the one that was read; raises StaleError otherwise.

    Returns the keys of the objects that wait for this one, since the watch's news of our own write comes as no news.
    Raises StatusRefusedError where the CRD does not take it.
    """
    operations: list[Json] = [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": str(resource_version)},
        {"op": "add", "path": "/status", "value": status},
    ]
    with store.writing(key):
        try:
            written = await cluster.patch(resource, key.namespace, key.name, operations, "status")
        except ClusterError as error:
            if error.status in (404, 409):
                raise StaleError(str(error)) from error
            if error.status == 422:
                raise StatusRefusedError(error.message) from error
            raise
        return store.put(resource, written) - {key}


async def post_event(cluster: Cluster, notice: Notice, instance: str, now: datetime) -> None:
    """Tell an Event. It is best effort: an Event that cannot be told is logged, and the status says the same."""
    namespace = notice.key.namespace
    try:
        await cluster.create(EVENTS, namespace, build_event(notice, instance, now))
    except ClusterError as error:
        if error.status == 409:
            await _repeat_event(cluster, notice, now)
        elif not is_namespace_gone(error):
            logger.warning("event not posted", extra={"object": str(notice.key), "error": str(error)})


async def _repeat_event(cluster: Cluster, notice: Notice, now: datetime) -> None:
    namespace = notice.key.namespace
    try:
        existing = await cluster.get(EVENTS, namespace, notice.name)
        await cluster.patch(EVENTS, namespace, notice.name, build_repetition(existing, now))
    except ClusterError as error:
        logger.warning("event not repeated", extra={"object": str(notice.key), "error": str(error)})
