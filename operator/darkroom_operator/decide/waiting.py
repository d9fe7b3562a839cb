"""Why a run's container does not run yet: between "Job created" and "container started".

Owns the reading of the words of admission, the scheduler, the kubelet and the queue, in terms of the fields that a user
or an administrator can change, and the QueueAvailable condition. Whether they are asked for is not decided here. Kueue
alone suspends and resumes a Job.

A missing Secret is left to the kubelet rather than mounted as optional: its retries begin at 0.5 s and double up to
2 min 2 s (k8s pkg/util/goroutinemap/exponentialbackoff), so that a pod starts at the latest when it has waited as long
again as it did for the Secret. An attempt that ended for want of a Secret would need another pod, another pull and a
pause of up to 5 minutes.
"""

import re
from typing import Final

from darkroom_api.blockers import Blocker
from darkroom_api.conditions import TERMINAL_PHASES, ConditionStatus, ConditionType, Reason, set_conditions
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_operator.facts import children
from darkroom_operator.facts.children import Asked, ObservedJob, ObservedPod
from darkroom_operator.facts.findings import NOTHING_FOUND, Complaint, Findings, QueueFinding
from darkroom_operator.facts.views import Observed

CREATED: Final = "Job `{}` is created; its pod waits for a node."
"""What to say of an attempt whose Job exists and whose pod has no node yet."""

_CREATE: Final = "create it, and the run continues automatically."
_FORBIDDEN: Final = re.compile(r"^.*? is forbidden: ", re.DOTALL)
_PRIORITY: Final = re.compile(r"no PriorityClass with name (\S+) was found", re.IGNORECASE)
_ACCOUNT: Final = re.compile(r'serviceaccount "([^"]+)" not found', re.IGNORECASE)
_SECRET: Final = re.compile(r'secret "([^"]+)" not found', re.IGNORECASE)
_SECRET_KEY: Final = re.compile(r'volume "credentials-(\w+)" : .*non-existent secret key: ([A-Z_]+)')
_CLAIM: Final = re.compile(r'persistentvolumeclaim "([^"]+)" not found', re.IGNORECASE)
_RUNTIME: Final = re.compile(r'RuntimeClass "([^"]+)" not found', re.IGNORECASE)
_BOUNDS: Final = re.compile(r"(maximum|minimum) \S+ usage per|max limit to request ratio", re.IGNORECASE)
_LACKING: Final = re.compile(r"Insufficient ([a-zA-Z0-9][-a-zA-Z0-9./]*[a-zA-Z0-9])")
_SHAPE: Final = frozenset({"cpu", "memory", "ephemeral-storage", "pods"})

_SETTINGS: Final = (
    (
        re.compile(r"runAsUser|runAsGroup|fsGroup|security context constraint", re.IGNORECASE),
        "with `trainer.runAsUser: null` in the installation's values the platform gives pods their user",
    ),
    (
        re.compile(r"\blabels?\b", re.IGNORECASE),
        "`trainer.podLabels` and `computeClasses.<class>.podLabels` in the installation's values set labels of pods",
    ),
    (
        re.compile(r"\bannotations?\b", re.IGNORECASE),
        "`trainer.podAnnotations` and `computeClasses.<class>.podAnnotations` in the installation's values set them",
    ),
)
"""Words of policies, and what the administrator can set for them; the first that fits counts."""
_SECRET_FIELDS: Final = {
    ("Dataset", "dataset"): "storage.credentialsSecret",
    ("Dataset", "output"): "output.storage.credentialsSecret of the installation",
    ("Model", "dataset"): "dataset: storage.credentialsSecret",
    ("Model", "evaluation"): "evaluationDataset: storage.credentialsSecret",
    ("Model", "output"): "output.storage.credentialsSecret",
    ("Model", "weights"): "trainer.weights.storage.credentialsSecret of the installation",
    ("Evaluation", "dataset"): "dataset: storage.credentialsSecret",
    ("Evaluation", "model"): "model: output.storage.credentialsSecret",
    ("Evaluation", "output"): "model: output.storage.credentialsSecret",
}
"""Where a Secret is named, by the owner's kind and the role that its volume is mounted for."""


def describe_waiting(job: ObservedJob | None, pod: ObservedPod | None, found: Findings = NOTHING_FOUND) -> Blocker:
    """Return the reason and message of an attempt whose container has not started."""
    if job is not None and job.suspended:
        return describe_suspended(job, found.queue)
    if pod is not None and pod.unschedulable is not None:
        return explain_unschedulable(pod.unschedulable, job.asked if job else Asked(), pod.namespace)
    if pod is not None and pod.gated:
        return Blocker(Reason.WAITING_FOR_QUOTA, f"queue: pod `{pod.name}` has not been admitted yet.")
    if pod is not None and pod.deleted_at is not None:
        why = pod.disruption or "someone deleted it"
        return Blocker(
            Reason.STARTING, f"Pod `{pod.name}` is being terminated before its start: {why}; a new one follows."
        )
    explained = None
    if job is not None and found.complaint is not None and children.find_unexplained(job, pod) == found.complaint.about:
        explained = explain_complaint(found.complaint, job, pod)
    if explained is not None:
        return explained
    if pod is None or not pod.scheduled:
        return _describe_placing(job, pod, found.silent)
    return _describe_start(pod, job.secrets if job is not None else ())


def _describe_placing(job: ObservedJob | None, pod: ObservedPod | None, silent: bool) -> Blocker:
    """The same words until there is more to say, so that a thousand Models cost no second write for it."""
    name = job.name if job is not None else "?"
    if job is not None and job.deleting:
        return Blocker(Reason.SCHEDULING, f"Job `{name}` is being deleted; a new one follows.")
    if silent and pod is None:
        message = (
            f"Job `{name}` has no pod yet and no Event explains why; check that kube-controller-manager is healthy."
        )
        return Blocker(Reason.SCHEDULING, message)
    if silent and pod is not None:
        message = f"The scheduler has not considered pod `{pod.name}` yet; check that kube-scheduler is healthy."
        return Blocker(Reason.SCHEDULING, message)
    return Blocker(Reason.SCHEDULING, CREATED.format(name))


def _describe_start(pod: ObservedPod, secrets: tuple[str, ...]) -> Blocker:
    said = f": {pod.waiting_message}" if pod.waiting_message else ""
    if pod.waiting_reason in children.PULL_FAILURES:
        message = f"Node `{pod.node}` cannot fetch the trainer image ({pod.waiting_reason}){said}"
        return Blocker(Reason.IMAGE_PULL_FAILED, message)
    if pod.waiting_reason in children.CONTAINER_FAILURES:
        return Blocker(Reason.STARTING, f"The container cannot start yet ({pod.waiting_reason}){said}")
    if pod.sandbox_ready:
        return Blocker(Reason.PULLING_IMAGE, f"Node `{pod.node}` is fetching the trainer image.")
    mounted = " and ".join(f"Secret `{secret}`" for secret in secrets)
    hint = f"; if this lasts, check that {mounted} exists in namespace `{pod.namespace}`" if mounted else ""
    return Blocker(Reason.STARTING, f"Node `{pod.node}` is preparing pod `{pod.name}`{hint}.")


def explain_refusal(message: str, asked: Asked, namespace: str) -> Blocker:
    """Return what admission has against a Job or its pod."""
    why = _FORBIDDEN.sub("", message).strip()
    priority, account = _PRIORITY.search(why), _ACCOUNT.search(why)
    if "exceeded quota" in why:
        lacking = f"Namespace `{namespace}` has no quota left for the run ({why})"
        message = f"{lacking}; free quota, or ask an administrator to raise it."
        return Blocker(Reason.WAITING_FOR_QUOTA, message)
    if priority is not None:
        missing = f"PriorityClass `{priority.group(1)}` does not exist"
        return _invalid(f"priorityClassName: {missing}; {_CREATE}")
    if account is not None:
        missing = f"ServiceAccount `{account.group(1)}` does not exist in namespace `{namespace}`"
        return _invalid(f"storage.serviceAccountName: {missing}; {_CREATE}")
    runtime = _RUNTIME.search(why)
    if runtime is not None:
        return _invalid(f"runtimeClassName: RuntimeClass `{runtime.group(1)}` does not exist; {_CREATE}")
    if _BOUNDS.search(why) or "must specify" in why:
        size = f"{_name_shape(asked)}: namespace `{namespace}` does not allow a pod of this size ({why})"
        return _invalid(f"{size}; choose another size, or ask an administrator to change the LimitRange.")
    if "violates PodSecurity" in why:
        return _invalid(f"Namespace `{namespace}` rejects the run's pod by its Pod Security level: {why}")
    setting = next((f"; {words}" for pattern, words in _SETTINGS if pattern.search(why)), "")
    return _invalid(f"The API server rejects the run: {why}{setting}")


def explain_name_conflict(name: str, namespace: str) -> Blocker:
    """Return what is wrong where a Job's name is taken."""
    message = f"Job `{name}` in namespace `{namespace}` belongs to something else; delete or rename it."
    return Blocker(Reason.NAME_CONFLICT, message)


def explain_missing_policy(why: str, namespace: str) -> Blocker:
    """Return what keeps the NetworkPolicy of trainers from being in place: no run starts without it."""
    return _invalid(
        f"networkPolicy.trainers: the operator cannot keep its NetworkPolicy in namespace `{namespace}`: {why}; ask "
        "the administrator to allow it, or to set networkPolicy.trainers.enabled to false."
    )


def explain_complaint(complaint: Complaint, job: ObservedJob, pod: ObservedPod | None) -> Blocker | None:
    """Return what a Warning Event means, or None where it is about something that is over."""
    if complaint.about != (pod.uid if pod is not None else job.uid):
        return None
    if pod is None:
        return explain_refusal(complaint.message, job.asked, job.namespace)
    secret = _SECRET.search(complaint.message)
    if secret is not None:
        return _miss_secret(secret.group(1), job)
    key = _SECRET_KEY.search(complaint.message)
    if key is not None:
        return _miss_key(key.group(1), key.group(2), job)
    claim = _CLAIM.search(complaint.message)
    if claim is not None:
        return _miss_claim(claim.group(1), job.namespace)
    where = f"Node `{pod.node}`" if pod.node else "The cluster"
    message = f"{where} cannot start pod `{pod.name}` yet ({complaint.reason}): {complaint.message}"
    return Blocker(Reason.STARTING, message)


def explain_unschedulable(words: str, asked: Asked, namespace: str) -> Blocker:
    """Return what keeps the scheduler from placing a pod, and which field asks for what no node has."""
    claim = _CLAIM.search(words)
    if claim is not None:
        return _miss_claim(claim.group(1), namespace)
    lacking = _LACKING.findall(words)
    devices = [(name, count) for name, count in asked.requests if name in lacking and name not in _SHAPE]
    hints = [f"compute.devices: no node has {count} free `{name}` now" for name, count in devices]
    short = [f"{count} of {name}" for name, count in asked.requests if name in lacking and name in _SHAPE]
    if short:
        hints.append(f"{_name_shape(asked)}: no node has {' and '.join(short)} free")
    if "didn't match Pod's node affinity/selector" in words and asked.node_selector:
        labels = ", ".join(f"{key}={value}" for key, value in asked.node_selector)
        hints.append(f"{_name_shape(asked)}: not every node has the labels {labels}")
    if "untolerated taint" in words:
        hints.append(f"{_name_shape(asked)}: some nodes have taints that the class does not tolerate")
    if "unbound immediate PersistentVolumeClaims" in words:
        hints.append(f"trainer.weightsClaim: PersistentVolumeClaim `{asked.claim}` is not bound")
    hint = "; ".join(hints) or "No node can take the pod now"
    return Blocker(Reason.UNSCHEDULABLE, f"{hint} (the scheduler: {words})")


def _name_fields(secret: str, job: ObservedJob) -> str:
    """Return the fields that name a Secret."""
    roles = [volume.removeprefix("credentials-") for volume, name in job.asked.secrets if name == secret]
    # An output without a storage of its own uses the Dataset's, so that the Dataset's field is the one to look at.
    roles = [role for role in roles if role != "output" or "dataset" not in roles]
    named = dict.fromkeys(_SECRET_FIELDS.get((job.asked.kind, role), "storage.credentialsSecret") for role in roles)
    return " and ".join(named) or "storage.credentialsSecret"


def _miss_secret(secret: str, job: ObservedJob) -> Blocker:
    return _invalid(
        f"{_name_fields(secret, job)}: Secret `{secret}` does not exist in namespace `{job.namespace}`; "
        "create it, and the pod starts automatically within 2 minutes."
    )


def _miss_key(role: str, key: str, job: ObservedJob) -> Blocker:
    secret = dict(job.asked.secrets).get(f"credentials-{role}", "")
    return _invalid(
        f"{_name_fields(secret, job)}: Secret `{secret}` in namespace `{job.namespace}` has no key {key}; "
        "add it, and the pod starts automatically within 2 minutes."
    )


def _miss_claim(claim: str, namespace: str) -> Blocker:
    return _invalid(
        f"trainer.weightsClaim: PersistentVolumeClaim `{claim}` does not exist in namespace `{namespace}`; {_CREATE}"
    )


def _name_shape(asked: Asked) -> str:
    """Return the field that decides how large a pod is."""
    return "inspection" if asked.kind == "Dataset" else "compute.class"


def _invalid(message: str) -> Blocker:
    return Blocker(Reason.INVALID_CONFIGURATION, message)


def describe_suspended(job: ObservedJob, queue: QueueFinding | None) -> Blocker:
    """Return what a suspended Job waits for."""
    if queue is not None and queue.installed and not queue.exists:
        return Blocker(Reason.INVALID_CONFIGURATION, _miss_queue(job.namespace, queue))
    if queue is not None and queue.installed and queue.inactive:
        return Blocker(
            Reason.WAITING_FOR_QUOTA, f"queue: LocalQueue `{queue.name}` admits nothing now: {queue.inactive}"
        )
    if queue is not None and queue.waiting:
        message = f"queue: LocalQueue `{queue.name}` has not admitted the run yet: {queue.waiting}"
        return Blocker(Reason.WAITING_FOR_QUOTA, message)
    return Blocker(Reason.WAITING_FOR_QUOTA, f"queue: Job `{job.name}` has not been admitted yet.")


def set_queue_available(status: ModelStatus, named: str | None, seen: Observed[ModelSpec, ModelStatus]) -> ModelStatus:
    """Return `status` with the condition that goes with `spec.queue`; without a queue there is none."""
    queue = seen.found.queue
    if status.phase in TERMINAL_PHASES:
        return status
    kept = tuple(condition for condition in status.conditions if condition.type != ConditionType.QUEUE_AVAILABLE)
    if named is None:
        return status if len(kept) == len(status.conditions) else status.model_copy(update={"conditions": kept})
    if queue is None or not status.observed_generation:
        return status
    problem = _find_problem(queue, seen.key.namespace)
    conditions = set_conditions(
        status.conditions,
        {ConditionType.QUEUE_AVAILABLE: ConditionStatus.TRUE if problem is None else ConditionStatus.FALSE},
        Reason.READY if problem is None else Reason.QUEUE_UNAVAILABLE,
        problem or f"queue: LocalQueue `{queue.name}` admits runs.",
        status.observed_generation,
        seen.now,
    )
    return status.model_copy(update={"conditions": conditions})


def _find_problem(queue: QueueFinding, namespace: str) -> str | None:
    if not queue.installed:
        return (
            "queue: Kueue is not installed in this cluster (no API group kueue.x-k8s.io), so LocalQueue "
            f"`{queue.name}` cannot admit the run, which is placed as if it had no queue; install Kueue, "
            "or remove `spec.queue`."
        )
    if not queue.exists:
        return _miss_queue(namespace, queue)
    return f"queue: LocalQueue `{queue.name}` admits nothing now: {queue.inactive}" if queue.inactive else None


def _miss_queue(namespace: str, queue: QueueFinding) -> str:
    return (
        f"queue: LocalQueue `{queue.name}` does not exist in namespace `{namespace}`; "
        "create it, or change `spec.queue`."
    )
