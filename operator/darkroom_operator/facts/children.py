"""Jobs and Pods, reduced to what decisions need, so that a thousand of them fit in little memory.

Owns the reading of their JSON. Must not decide anything.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

import pydantic

from darkroom_api import names
from darkroom_api.v1alpha1.common import Allocation
from darkroom_operator.api.resources import Json

ANNOTATION_GENERATION = f"{names.GROUP}/generation"
"""On every Job: the generation of the owner's spec that it was built from."""
ANNOTATION_ALLOCATION = f"{names.GROUP}/allocation"
"""On the Jobs of runs: what the attempt was given, which no later change of a compute class changes."""
ANNOTATION_POD_DIGEST = f"{names.GROUP}/pod-digest"
"""On every Job: a digest of what was asked for, which admission may have changed since."""
ANNOTATION_PUBLISH_ONLY = f"{names.GROUP}/publish-only"
"""`true` on the Job that publishes the best model of a cancelled run."""

PULL_FAILURES = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"}
)
CONTAINER_FAILURES = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
"""Reasons by which the kubelet says in a container's status what it waits for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a Job's pod asks for, all of which its cluster may lack."""

    kind: str = ""
    """Kind of the owner, which decides how the fields are called."""
    image: str = ""
    requests: tuple[tuple[str, str], ...] = ()
    node_selector: tuple[tuple[str, str], ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    """Name of the volume and of the Secret in it."""
    claim: str = ""
    service_account: str = ""
    priority_class: str = ""
    digest: str = ""
    """Tells whether the same would be asked for today."""


@dataclass(frozen=True, slots=True)
class ObservedJob:
    """A Job of ours."""

    namespace: str
    name: str
    uid: str
    resource_version: int
    owner_uid: str
    attempt: int
    generation: int
    image: str
    secrets: tuple[str, ...]
    """Secrets that its pod mounts; they may be missing."""
    deleting: bool
    suspended: bool
    failure: str | None
    """Why the Job controller gave it up; None while it works and when it is complete."""
    finished_at: datetime | None
    created_at: datetime | None = None
    active_since: datetime | None = None
    """When the Job controller last began with it: its creation, or when a queue last resumed it."""
    allocation: Allocation | None = None
    publish_only: bool = False
    asked: Asked = field(default_factory=Asked)

    @property
    def live(self) -> bool:
        """Return whether it may still have a working pod."""
        return self.finished_at is None


@dataclass(frozen=True, slots=True)
class ObservedPod:
    """A pod of ours with its one container."""

    namespace: str
    name: str
    uid: str
    resource_version: int
    owner_uid: str
    job_uid: str
    attempt: int
    node: str | None
    ip: str | None
    phase: str
    reason: str
    message: str
    deleted_at: datetime | None
    """When its grace period ends or ended, once someone deleted it."""
    unschedulable: str | None
    gated: bool
    scheduled: bool
    sandbox_ready: bool
    disruption: str | None
    waiting_reason: str
    waiting_message: str
    started_at: datetime | None
    finished_at: datetime | None
    exit_code: int | None
    exit_reason: str
    termination_message: str
    gone: bool = False
    """True once the API server has it no more; it is kept until its end is in a status."""
    scheduled_at: datetime | None = None
    created_at: datetime | None = None

    @property
    def running(self) -> bool:
        """Return whether its container works now."""
        return self.started_at is not None and self.exit_code is None and not self.over

    @property
    def over(self) -> bool:
        """Return whether its container works no more and never will."""
        return self.exit_code is not None or self.gone or self.phase in ("Succeeded", "Failed")


def parse_time(text: str | None) -> datetime | None:
    """Return a Kubernetes timestamp as a moment."""
    return datetime.fromisoformat(text) if text else None


def read_version(raw: Json) -> int:
    """Return the resourceVersion as a number (they are comparable, KEP-5504); 0 when it is not one."""
    text = raw.get("metadata", {}).get("resourceVersion", "")
    return int(text) if text.isdigit() else 0


def parse_job(raw: Json) -> ObservedJob:
    """Reduce a Job."""
    metadata, spec, status = raw["metadata"], raw.get("spec", {}), raw.get("status", {})
    labels, annotations = metadata.get("labels", {}), metadata.get("annotations", {})
    asked = read_asked(raw)
    ends = {c["type"]: c for c in status.get("conditions", ()) if c.get("status") == "True"}
    failed = ends.get("Failed")
    end = failed or ends.get("Complete")
    return ObservedJob(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=read_version(raw),
        owner_uid=find_controller(raw) or "",
        attempt=_to_int(labels.get(names.LABEL_ATTEMPT)),
        generation=_to_int(annotations.get(ANNOTATION_GENERATION)),
        image=asked.image,
        secrets=tuple(dict.fromkeys(secret for _, secret in asked.secrets)),
        deleting="deletionTimestamp" in metadata,
        suspended=bool(spec.get("suspend")),
        failure=f"{failed.get('reason', 'Failed')}: {failed.get('message', '')}" if failed else None,
        finished_at=parse_time(end.get("lastTransitionTime")) if end else None,
        created_at=parse_time(metadata.get("creationTimestamp")),
        active_since=parse_time(status.get("startTime")),
        allocation=_read_allocation(annotations.get(ANNOTATION_ALLOCATION)),
        publish_only=annotations.get(ANNOTATION_PUBLISH_ONLY) == "true",
        asked=asked,
    )


def read_asked(job: Json) -> Asked:
    """Return what a Job's pod asks for; the Job may be one that is still to be created."""
    pod = job.get("spec", {}).get("template", {}).get("spec", {})
    container: Json = next(iter(pod.get("containers", ())), {})
    volumes = pod.get("volumes", ())
    claims = (volume["persistentVolumeClaim"]["claimName"] for volume in volumes if "persistentVolumeClaim" in volume)
    return Asked(
        kind=job["metadata"].get("labels", {}).get(names.LABEL_KIND, ""),
        image=container.get("image", ""),
        requests=tuple(container.get("resources", {}).get("requests", {}).items()),
        node_selector=tuple(pod.get("nodeSelector", {}).items()),
        secrets=tuple((volume["name"], secret) for volume in volumes for secret in _list_secrets(volume)),
        claim=next(claims, ""),
        service_account=pod.get("serviceAccountName", ""),
        priority_class=pod.get("priorityClassName", ""),
        digest=job["metadata"].get("annotations", {}).get(ANNOTATION_POD_DIGEST, ""),
    )


def _list_secrets(volume: Json) -> list[str]:
    """Return the Secrets in a volume, each once."""
    sources = volume.get("projected", {}).get("sources", ())
    return list(dict.fromkeys(source["secret"]["name"] for source in sources if "secret" in source))


def parse_pod(raw: Json) -> ObservedPod:
    """Reduce a pod."""
    metadata, status = raw["metadata"], raw.get("status", {})
    labels = metadata.get("labels", {})
    return ObservedPod(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=read_version(raw),
        owner_uid=labels.get(names.LABEL_UID, ""),
        job_uid=find_controller(raw) or "",
        attempt=_to_int(labels.get(names.LABEL_ATTEMPT)),
        node=raw.get("spec", {}).get("nodeName"),
        ip=status.get("podIP"),
        phase=status.get("phase", ""),
        reason=status.get("reason", ""),
        message=status.get("message", ""),
        deleted_at=parse_time(metadata.get("deletionTimestamp")),
        created_at=parse_time(metadata.get("creationTimestamp")),
        **_read_conditions(status),
        **_read_container(status),
    )


def mark_gone(pod: ObservedPod) -> ObservedPod:
    """Return the pod as one that the API server has no more."""
    return replace(pod, gone=True)


def find_controller(raw: Json) -> str | None:
    """Return the uid of the object that controls this one."""
    references = raw["metadata"].get("ownerReferences", ())
    return next((reference["uid"] for reference in references if reference.get("controller")), None)


def find_unexplained(job: ObservedJob, pod: ObservedPod | None) -> str | None:
    """Return the uid of the Job or pod whose Events may tell what it waits for; None where its status tells that."""
    if job.suspended or not job.live or job.deleting:
        return None
    if pod is None:
        return job.uid
    told = pod.unschedulable is not None or pod.gated or pod.sandbox_ready
    told = told or pod.waiting_reason in PULL_FAILURES | CONTAINER_FAILURES
    return pod.uid if not told and not pod.running and not pod.over and pod.deleted_at is None else None


def _read_conditions(status: Json) -> Json:
    conditions = {condition["type"]: condition for condition in status.get("conditions", ())}
    scheduled = conditions.get("PodScheduled", {})
    disruption = conditions.get("DisruptionTarget", {})
    refused = scheduled.get("status") == "False"
    return {
        "scheduled": scheduled.get("status") == "True",
        "scheduled_at": parse_time(scheduled.get("lastTransitionTime")) if scheduled.get("status") == "True" else None,
        "unschedulable": scheduled.get("message", "")
        if refused and scheduled.get("reason") == "Unschedulable"
        else None,
        "gated": refused and scheduled.get("reason") == "SchedulingGated",
        "sandbox_ready": conditions.get("PodReadyToStartContainers", {}).get("status") == "True",
        "disruption": _join(disruption) if disruption.get("status") == "True" else None,
    }


def _read_container(status: Json) -> Json:
    states = status.get("containerStatuses", ())
    state: Json = next((s.get("state", {}) for s in states if s.get("name") == names.CONTAINER), {})
    waiting, running, ended = state.get("waiting", {}), state.get("running", {}), state.get("terminated", {})
    return {
        "waiting_reason": waiting.get("reason", ""),
        "waiting_message": waiting.get("message", ""),
        "started_at": parse_time(running.get("startedAt") or ended.get("startedAt")),
        "finished_at": parse_time(ended.get("finishedAt")),
        "exit_code": ended.get("exitCode"),
        "exit_reason": ended.get("reason", ""),
        "termination_message": ended.get("message", ""),
    }


def _read_allocation(text: str | None) -> Allocation | None:
    """Return what the annotation says; None where someone else wrote it."""
    try:
        return Allocation.model_validate_json(text) if text else None
    except pydantic.ValidationError:
        return None


def _join(condition: Json) -> str:
    return ": ".join(part for part in (condition.get("reason", ""), condition.get("message", "")) if part)


def _to_int(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0
