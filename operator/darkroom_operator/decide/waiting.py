"""Why a container does not run yet, in the words of the scheduler and the kubelet.

Owns the reasons between "Job created" and "container started".
"""

from typing import Final

from darkroom_api.conditions import Reason
from darkroom_operator.decide import complaints, queueing
from darkroom_operator.decide.decision import Problem
from darkroom_operator.facts.children import Asked, ObservedJob, ObservedPod
from darkroom_operator.facts.findings import NOTHING_FOUND, Findings

_PULL_FAILURES: Final = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"}
)
_BAD_CONTAINER: Final = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})

_TOLD: Final = _PULL_FAILURES | _BAD_CONTAINER


def describe_waiting(job: ObservedJob | None, pod: ObservedPod | None, found: Findings = NOTHING_FOUND) -> Problem:
    """Return the reason and message of an attempt whose container has not started."""
    if job is not None and job.suspended:
        return queueing.describe_suspended(job, found.queue)
    if pod is not None and pod.unschedulable is not None:
        return complaints.explain_unschedulable(pod.unschedulable, job.asked if job else Asked(), pod.namespace)
    if pod is not None and pod.gated:
        return Problem(Reason.WAITING_FOR_QUOTA, f"The queue has not admitted pod `{pod.name}` yet.")
    if pod is not None and pod.deleted_at is not None:
        why = pod.disruption or "someone deleted it"
        return Problem(Reason.STARTING, f"Pod `{pod.name}` is being ended before it started: {why}; another follows.")
    told = None
    if job is not None and found.complaint is not None and find_doubtful(job, pod) == found.complaint.about:
        told = complaints.explain_complaint(found.complaint, job, pod)
    if told is not None:
        return told
    if pod is None or not pod.scheduled:
        return _describe_placing(job, pod, found.silent)
    return _describe_start(pod, job.secrets if job is not None else ())


def find_doubtful(job: ObservedJob, pod: ObservedPod | None) -> str | None:
    """Return the uid of the Job or pod whose Events may tell what it waits for; None where its status tells that."""
    if job.suspended or not job.live or job.deleting:
        return None
    if pod is None:
        return job.uid
    told = pod.unschedulable is not None or pod.gated or pod.sandbox_ready or pod.waiting_reason in _TOLD
    return pod.uid if not told and not pod.running and not pod.over and pod.deleted_at is None else None


def _describe_placing(job: ObservedJob | None, pod: ObservedPod | None, silent: bool) -> Problem:
    """The same words until there is more to say, so that a thousand Models cost no second write for it."""
    name = job.name if job is not None else "?"
    if job is not None and job.deleting:
        return Problem(Reason.SCHEDULING, f"Job `{name}` is being deleted; another follows.")
    if silent and pod is None:
        message = (
            f"Job `{name}` still has no pod, and no Event says why; see whether the kube-controller-manager works."
        )
        return Problem(Reason.SCHEDULING, message)
    if silent and pod is not None:
        message = f"The scheduler has not looked at pod `{pod.name}` yet; see whether the kube-scheduler works."
        return Problem(Reason.SCHEDULING, message)
    return Problem(Reason.SCHEDULING, describe_created(name))


def describe_created(job_name: str) -> str:
    """Return the message of an attempt whose Job exists and whose pod has no node yet."""
    return f"Job `{job_name}` is created; its pod waits for a node."


def _describe_start(pod: ObservedPod, secrets: tuple[str, ...]) -> Problem:
    said = f": {pod.waiting_message}" if pod.waiting_message else ""
    if pod.waiting_reason in _PULL_FAILURES:
        message = f"Node `{pod.node}` cannot fetch the trainer image ({pod.waiting_reason}){said}"
        return Problem(Reason.IMAGE_PULL_FAILED, message)
    if pod.waiting_reason in _BAD_CONTAINER:
        return Problem(Reason.STARTING, f"The container cannot start yet ({pod.waiting_reason}){said}")
    if pod.sandbox_ready:
        return Problem(Reason.PULLING_IMAGE, f"Node `{pod.node}` is fetching the trainer image.")
    mounted = " and ".join(f"Secret `{secret}`" for secret in secrets)
    hint = f"; if this lasts, make sure that {mounted} exists in namespace `{pod.namespace}`" if mounted else ""
    return Problem(Reason.STARTING, f"Node `{pod.node}` is preparing pod `{pod.name}`{hint}.")
