"""What a queue means for a run: the QueueAvailable condition, and what a suspended Job waits for.

Owns the words about `spec.queue`. A Job is suspended and resumed by Kueue alone.
"""

from datetime import datetime

from darkroom_api.conditions import ConditionStatus, ConditionType, Reason, set_condition
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_operator.decide.decision import Problem
from darkroom_operator.facts.children import ObservedJob
from darkroom_operator.facts.findings import QueueFinding


def describe_suspended(job: ObservedJob, queue: QueueFinding | None) -> Problem:
    """Return what a suspended Job waits for."""
    if queue is not None and queue.installed and not queue.exists:
        return Problem(Reason.INVALID_CONFIGURATION, _miss_queue(job.namespace, queue))
    if queue is not None and queue.installed and queue.inactive:
        return Problem(Reason.WAITING_FOR_QUOTA, f"queue: `{queue.name}` admits nothing now: {queue.inactive}")
    if queue is not None and queue.waiting:
        return Problem(Reason.WAITING_FOR_QUOTA, f"queue: `{queue.name}` has not admitted the run: {queue.waiting}")
    return Problem(Reason.WAITING_FOR_QUOTA, f"The queue has not admitted Job `{job.name}` yet.")


def set_queue_available(
    status: ModelStatus, named: str | None, queue: QueueFinding | None, namespace: str, now: datetime
) -> ModelStatus:
    """Return `status` with the condition that goes with `spec.queue`; without a queue there is none."""
    kept = tuple(condition for condition in status.conditions if condition.type != ConditionType.QUEUE_AVAILABLE)
    if named is None:
        return status if len(kept) == len(status.conditions) else status.model_copy(update={"conditions": kept})
    if queue is None or not status.observed_generation:
        return status
    problem = _find_problem(queue, namespace)
    conditions = set_condition(
        status.conditions,
        ConditionType.QUEUE_AVAILABLE,
        ConditionStatus.TRUE if problem is None else ConditionStatus.FALSE,
        Reason.READY if problem is None else Reason.QUEUE_UNAVAILABLE,
        problem or f"queue: LocalQueue `{queue.name}` admits runs.",
        status.observed_generation,
        now,
    )
    return status.model_copy(update={"conditions": conditions})


def _find_problem(queue: QueueFinding, namespace: str) -> str | None:
    if not queue.installed:
        return (
            "queue: Kueue is not installed in this cluster (no API group kueue.x-k8s.io), so LocalQueue "
            f"`{queue.name}` cannot admit the run; it is placed as if it had no queue."
        )
    if not queue.exists:
        return _miss_queue(namespace, queue)
    return f"queue: LocalQueue `{queue.name}` admits nothing now: {queue.inactive}" if queue.inactive else None


def _miss_queue(namespace: str, queue: QueueFinding) -> str:
    return (
        f"queue: LocalQueue `{queue.name}` does not exist in namespace `{namespace}`; "
        "create it, and it admits the run, or change `spec.queue`."
    )
