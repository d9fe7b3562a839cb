"""Why a run's container does not run yet: between "Job created" and "container started".

Owns the reading of the words of admission, the scheduler and the kubelet, in terms of the fields that a user or an
administrator can change, and the QueueAvailable condition; the words of a queue are read in `queueing`. Whether they
are asked for is not decided here.

A missing Secret is left to the kubelet rather than mounted as optional: its retries begin at 0.5 s and double up to
2 min 2 s (k8s pkg/util/goroutinemap/exponentialbackoff), so that a pod starts at the latest when it has waited as long
again as it did for the Secret. An attempt that ended for want of a Secret would need another pod, another pull and a
pause of up to 5 minutes.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from darkroom_api import names
from darkroom_api.blockers import Blocker
from darkroom_api.conditions import (
    TERMINAL_PHASES,
    Condition,
    ConditionStatus,
    ConditionType,
    DatasetPhase,
    Reason,
    set_conditions,
)
from darkroom_api.run_config import JOIN_SECONDS
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_api.v1alpha1.run_status import RunStatus
from darkroom_operator.decide.waits import queueing, volumes
from darkroom_operator.facts import children
from darkroom_operator.facts.children import Asked, ObservedJob, ObservedPod
from darkroom_operator.facts.findings import NOTHING_FOUND, Complaint, Findings
from darkroom_operator.facts.views import Observed

CREATED: Final = "Job `{}` is created; its pod waits for a node."
"""What to say of an attempt whose Job exists and whose pod has no node yet."""

_CREATE: Final = "create it, and the run continues automatically."
_FORBIDDEN: Final = re.compile(r"^.*? is forbidden: ", re.DOTALL)
_PRIORITY: Final = re.compile(r"no PriorityClass with name (\S+) was found", re.IGNORECASE)
_ACCOUNT: Final = re.compile(r'serviceaccount "([^"]+)" not found', re.IGNORECASE)
_SECRET: Final = re.compile(r'secret "([^"]+)" not found', re.IGNORECASE)
_SECRET_KEY: Final = re.compile(r'volume "credentials-(\w+)" : .*non-existent secret key: ([A-Z_]+)')
_RUNTIME: Final = re.compile(r'RuntimeClass "([^"]+)" not found', re.IGNORECASE)
_BOUNDS: Final = re.compile(r"(maximum|minimum) \S+ usage per|max limit to request ratio", re.IGNORECASE)
_LACKING: Final = re.compile(r"Insufficient ([a-zA-Z0-9][-a-zA-Z0-9./]*[a-zA-Z0-9])")
_SETTLED: Final = frozenset({*TERMINAL_PHASES, DatasetPhase.READY, DatasetPhase.INVALID})
_DEFAULT_SCHEDULER: Final = "default-scheduler"
"""What the API server calls the scheduler of a pod that names none."""
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


@dataclass(frozen=True)
class Gathering:
    """The nodes of an attempt whose leading container works."""

    joined: int | None
    """How many take part or have joined, as the trainer says; None where it has not said so yet."""
    begun: bool
    """Whether the training has begun, as far as anybody knows."""
    asked: int
    least: int
    """So many are enough to begin."""
    leading: ObservedPod
    workers: tuple[ObservedPod, ...]
    """The pods of the others, as far as there are any."""


def describe_gathering(
    gathering: Gathering, job: ObservedJob | None, now: datetime, found: Findings = NOTHING_FOUND
) -> Blocker | None:
    """Return the reason and message of a run that waits for its nodes: how many of how many, and why no more.

    None where it has begun. A trainer that has not said anything has, once the time is over for which it waits.
    """
    joined, asked, least, began = gathering.joined, gathering.asked, gathering.least, gathering.leading.started_at
    is_over = joined is None and (began is None or now >= began + timedelta(seconds=JOIN_SECONDS))
    if gathering.begun or is_over:
        return None
    have = "has" if (joined or 1) == 1 else "have"
    enough = "all of them" if least >= asked else f"at least {least}"
    begins = f"the training begins with {enough}, and nothing is charged before."
    message = f"{joined or 1} of {asked} nodes {have} joined; {begins}"
    why = found.refused_node_object or _find_missing(gathering, job, found)
    return Blocker(Reason.WAITING_FOR_NODES, f"{message} {why}" if why else message)


def _find_missing(gathering: Gathering, job: ObservedJob | None, found: Findings) -> str:
    """Return why some pod of the others does not work, in the words of a run that waits for its only one."""
    waiting = [pod for pod in gathering.workers if pod.started_at is None and not pod.over]
    waiting.sort(key=lambda pod: (pod.unschedulable is None, pod.index))
    if waiting:
        return f"Index {waiting[0].index}: {describe_waiting(job, waiting[0]).message}"
    if job is not None and found.complaint is not None and found.complaint.about == job.uid:
        return explain_refusal(found.complaint.message, job.asked, job.namespace).message
    return ""


def explain_refused_object(kind: str, name: str, why: str, namespace: str) -> str:
    """Return what keeps the pods of a run from finding or trusting each other: an object that cannot be made."""
    return (
        f"compute.nodes: the operator cannot create {kind} `{name}` in namespace `{namespace}`, without which nodes "
        f"cannot meet: {why}; ask the administrator to allow it."
    )


def describe_waiting(job: ObservedJob | None, pod: ObservedPod | None, found: Findings = NOTHING_FOUND) -> Blocker:
    """Return the reason and message of an attempt whose container has not started."""
    if job is not None and job.suspended:
        return queueing.describe_suspended(job, found.queue)
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
        return Blocker(Reason.SCHEDULING, _describe_unconsidered(pod.name, job.asked if job else Asked()))
    return Blocker(Reason.SCHEDULING, CREATED.format(name))


def _describe_unconsidered(pod: str, asked: Asked) -> str:
    if asked.scheduler in ("", _DEFAULT_SCHEDULER):
        return f"The scheduler has not considered pod `{pod}` yet; check that kube-scheduler is healthy."
    return (
        f"compute.class: scheduler `{asked.scheduler}` has not considered pod `{pod}` yet; check that it runs, or ask "
        "the administrator to change `computeClasses.<class>.schedulerName`."
    )


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
    unmounted = volumes.explain_missing(complaint.message, job.asked, job.namespace) or volumes.explain_mount(
        complaint, job.asked, pod.node
    )
    if unmounted is not None:
        return unmounted
    where = f"Node `{pod.node}`" if pod.node else "The cluster"
    message = f"{where} cannot start pod `{pod.name}` yet ({complaint.reason}): {complaint.message}"
    return Blocker(Reason.STARTING, message)


def explain_unschedulable(words: str, asked: Asked, namespace: str) -> Blocker:
    """Return what keeps the scheduler from placing a pod, and which field asks for what no node has."""
    missing = volumes.explain_missing(words, asked, namespace)
    if missing is not None:
        return missing
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
    hints += volumes.find_hints(words, asked)
    hint = "; ".join(hints) or "No node can take the pod now"
    return Blocker(Reason.UNSCHEDULABLE, f"{hint} (the scheduler: {words})")


def _name_fields(secret: str, job: ObservedJob) -> str:
    """Return the fields that name a Secret."""
    roles = [volume.removeprefix(names.CREDENTIALS_VOLUME) for volume, name in job.asked.secrets if name == secret]
    # An output without a storage of its own uses the Dataset's, so that the Dataset's field is the one to look at.
    roles = [role for role in roles if role != "output" or "dataset" not in roles]
    named = dict.fromkeys(volumes.name_field(job.asked.kind, role, "credentialsSecret") for role in roles)
    return " and ".join(named) or "storage.credentialsSecret"


def _miss_secret(secret: str, job: ObservedJob) -> Blocker:
    if (names.NODES_VOLUME, secret) in job.asked.secrets:
        gone = f"Secret `{secret}`, by which the nodes trust each other, is gone from namespace `{job.namespace}`"
        return Blocker(Reason.STARTING, f"compute.nodes: {gone}; the operator creates it again within a minute.")
    return _invalid(
        f"{_name_fields(secret, job)}: Secret `{secret}` does not exist in namespace `{job.namespace}`; "
        "create it, and the pod starts automatically within 2 minutes."
    )


def _miss_key(role: str, key: str, job: ObservedJob) -> Blocker:
    secret = dict(job.asked.secrets).get(f"{names.CREDENTIALS_VOLUME}{role}", "")
    return _invalid(
        f"{_name_fields(secret, job)}: Secret `{secret}` in namespace `{job.namespace}` has no key {key}; "
        "add it, and the pod starts automatically within 2 minutes."
    )


def _name_shape(asked: Asked) -> str:
    """Return the field that decides how large a pod is."""
    return "inspection" if asked.kind == "Dataset" else "compute.class"


def _invalid(message: str) -> Blocker:
    return Blocker(Reason.INVALID_CONFIGURATION, message)


def describe_queue(
    status: DatasetStatus | RunStatus, named: str | None, seen: Observed[Any, Any]
) -> tuple[Condition, ...]:
    """Return the conditions of `status` with the one that goes with the queue that is named; without one there is none.

    What is over keeps the last one.
    """
    queue = seen.found.queue
    if status.phase in _SETTLED:
        return status.conditions
    if named is None:
        return tuple(condition for condition in status.conditions if condition.type != ConditionType.QUEUE_AVAILABLE)
    if queue is None or not status.observed_generation:
        return status.conditions
    problem = queueing.find_problem(queue, seen.key.namespace)
    return set_conditions(
        status.conditions,
        {ConditionType.QUEUE_AVAILABLE: ConditionStatus.TRUE if problem is None else ConditionStatus.FALSE},
        Reason.READY if problem is None else Reason.QUEUE_UNAVAILABLE,
        problem or f"queue: LocalQueue `{queue.name}` admits runs.",
        status.observed_generation,
        seen.now,
    )
