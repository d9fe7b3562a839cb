"""What a run waits for in a queue, whether its queue can admit it, and which queues are refused.

Owns the reading of Kueue's words in terms of what a user or an administrator can change. Kueue alone suspends and
resumes a Job: nothing here leads to a write of `spec.suspend`.
"""

from typing import Final

from darkroom_api.blockers import Blocker
from darkroom_api.conditions import Reason
from darkroom_operator.facts.children import ObservedJob
from darkroom_operator.facts.findings import Position, QueueFinding, WorkloadFinding

EXACT_POSITIONS: Final = 10
"""Up to here a position is told exactly. In a long queue each admission would else be a write for each run."""
_FAR_POSITIONS: Final = (1000, 500, 200, 100, 50, 20, EXACT_POSITIONS)
_NAMES: Final = "`spec.queue`, or `defaultQueue` in the installation's values"


def describe_suspended(job: ObservedJob, queue: QueueFinding | None) -> Blocker:
    """Return what a suspended Job waits for."""
    if queue is None:
        return Blocker(Reason.WAITING_FOR_QUOTA, f"queue: Job `{job.name}` has not been admitted yet.")
    if not queue.installed:
        return Blocker(Reason.WAITING_FOR_QUOTA, _tell_stranger(job))
    if not queue.name:
        return Blocker(Reason.INVALID_CONFIGURATION, _tell_unqueued(job))
    if not queue.exists:
        return Blocker(Reason.INVALID_CONFIGURATION, _miss_queue(job.namespace, queue))
    if queue.workload is not None and queue.workload.deactivated is not None:
        return Blocker(Reason.WAITING_FOR_QUOTA, _tell_deactivated(job, queue.workload, queue.workload.deactivated))
    if queue.inactive:
        return Blocker(Reason.WAITING_FOR_QUOTA, _tell_inactive(queue))
    waiting = queue.workload.waiting if queue.workload is not None else ""
    said = f": {waiting}" if waiting else ""
    position = _tell_position(queue.position) if queue.position is not None else ""
    end = "." if position or not said else ""  # Kueue's words end as they do
    message = f"queue: LocalQueue `{queue.name}` has not admitted the run yet{said}{position}{end}"
    return Blocker(Reason.WAITING_FOR_QUOTA, message)


def explain_elsewhere(job: ObservedJob | None, queue: QueueFinding | None) -> str | None:
    """Return why a run cannot go on where its queue sends it, or None where it stays in this cluster.

    A Job that Kubernetes' own controller leaves alone has no pod here: no progress, no outcome, no kubelet's times.
    """
    if job is None or not job.live or job.deleting:
        return None
    clusters = queue.workload.clusters if queue is not None and queue.workload is not None else ()
    if not job.managed_by and not (job.suspended and clusters):
        return None
    name = job.queue or (queue.name if queue is not None else "")
    how = f"`spec.managedBy` of its Job is {job.managed_by}" if job.managed_by else f"to {', '.join(clusters)}"
    return (
        f"queue: LocalQueue `{name}` sends runs to other clusters ({how}), where Darkroom can neither follow nor meter "
        f"them; name a LocalQueue whose ClusterQueue has no MultiKueue check ({_NAMES})"
    )


def find_problem(queue: QueueFinding, namespace: str) -> str | None:
    """Return why a queue cannot admit what names it, or None."""
    if not queue.installed:
        return (
            "queue: Kueue is not installed in this cluster (no API group kueue.x-k8s.io), so LocalQueue "
            f"`{queue.name}` cannot admit the run, which is placed as if it had no queue; install Kueue, "
            f"or remove the name of the queue ({_NAMES})."
        )
    if not queue.exists:
        return _miss_queue(namespace, queue)
    return _tell_inactive(queue) if queue.inactive else None


def _miss_queue(namespace: str, queue: QueueFinding) -> str:
    return (
        f"queue: LocalQueue `{queue.name}` does not exist in namespace `{namespace}`; "
        f"create it, or name another one ({_NAMES})."
    )


def _tell_inactive(queue: QueueFinding) -> str:
    return (
        f"queue: LocalQueue `{queue.name}` admits nothing now: {queue.inactive}; it goes on when an administrator "
        "sets `spec.stopPolicy` of the LocalQueue or of its ClusterQueue to None, or mends the ClusterQueue."
    )


def _tell_deactivated(job: ObservedJob, workload: WorkloadFinding, why: str) -> str:
    said = f" ({why})" if why else ""
    return (
        f"queue: Kueue has deactivated the run's Workload `{workload.name}`{said} and will not admit it by itself; set "
        f"`spec.active` of the Workload to true, or delete Job `{job.name}`, which another attempt follows."
    )


def _tell_unqueued(job: ObservedJob) -> str:
    return (
        f"queue: Job `{job.name}` is suspended and names no LocalQueue; a Kueue that manages Jobs without one holds "
        f"it for ever. Name a LocalQueue ({_NAMES}), or set `spec.suspend` of the Job to false if a person set it."
    )


def _tell_stranger(job: ObservedJob) -> str:
    return (
        f"queue: Job `{job.name}` is suspended, and Kueue is not installed in this cluster; it continues when whoever "
        "suspended it sets its `spec.suspend` to false."
    )


def _tell_position(position: Position) -> str:
    local, cluster = _round(position.in_local_queue), _round(position.in_cluster_queue)
    return f" (position {local} in the LocalQueue, {cluster} in its ClusterQueue)"


def _round(position: int) -> str:
    if position <= EXACT_POSITIONS:
        return str(position)
    return f"after {next(far for far in _FAR_POSITIONS if position > far)}"
