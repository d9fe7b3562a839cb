"""Jobs and Pods, reduced to what decisions need, so that a thousand of them fit in little memory.

Owns these types. `reading` fills them in; must not read or decide anything.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from darkroom_operator.api.resources import Key

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
    claims: tuple[tuple[str, str], ...] = ()
    """Name of the volume and of the PersistentVolumeClaim in it."""
    service_account: str = ""
    priority_class: str = ""
    scheduler: str = ""
    """Name of the scheduler that places the pod, as the API server has it."""
    digest: str = ""
    """Tells whether the same would be asked for today."""
    config_digest: str = ""
    """Tells whether its trainer would be told the same."""


@dataclass(frozen=True, slots=True)
class ObservedJob:
    """A Job with our labels."""

    namespace: str
    name: str
    uid: str
    resource_version: int
    owner_uid: str
    """The resource that controls it; empty where its name is not the one that the operator gives to that Job."""
    attempt: int
    image: str
    secrets: tuple[str, ...]
    """Secrets that its pod mounts; they may be missing."""
    deleting: bool
    suspended: bool
    """Whether it has no pods by somebody's wish; True until the Job controller has resumed it."""
    failure: str | None
    """Why the Job controller gave it up; None while it works and when it is complete."""
    finished_at: datetime | None
    created_at: datetime | None = None
    queue: str = ""
    """LocalQueue of its label, which Kueue may have added."""
    managed_by: str = ""
    """Whose Job it is where Kubernetes' own Job controller leaves it alone: its pods run elsewhere, if at all."""
    active_since: datetime | None = None
    """When the Job controller last began with it: its creation, or when a queue last resumed it."""
    asked: Asked = field(default_factory=Asked)
    owner: Key | None = None
    """The same resource as it is named, in the Job's own namespace: only that one is the owner."""
    parallelism: int = 0
    """How many pods it has at once, 0 for none; a queue may lower it before it resumes the Job."""
    indexed: bool = False
    """Whether its pods are several nodes of one run, each of which has an index."""
    leader_failed: bool = False
    """Whether the pod of index 0 has failed, which no other one replaces, while those of other indexes may work on."""

    @property
    def live(self) -> bool:
        """Return whether it may still have a working pod."""
        return self.finished_at is None


@dataclass(frozen=True, slots=True)
class ObservedPod:
    """A pod with our labels, and the trainer's container in it."""

    namespace: str
    name: str
    uid: str
    resource_version: int
    owner_uid: str
    """As its label says, which anybody may write: it counts only where `belonging` says so."""
    job_uid: str
    """The object that controls it."""
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
    index: int = 0
    """Which of its run's nodes it is; negative where nobody can tell."""

    @property
    def leads(self) -> bool:
        """Return whether it is the one by which its attempt is judged, and not one of those that work for that one."""
        return self.index == 0

    @property
    def running(self) -> bool:
        """Return whether its container works now."""
        return self.started_at is not None and self.exit_code is None and not self.over

    @property
    def over(self) -> bool:
        """Return whether its container works no more and never will."""
        return self.exit_code is not None or self.gone or self.phase in ("Succeeded", "Failed")

    @property
    def lingers(self) -> bool:
        """Return whether another container keeps it alive, though the trainer's has ended."""
        return self.exit_code is not None and self.phase == "Running" and not self.gone


def mark_gone(pod: ObservedPod) -> ObservedPod:
    """Return the pod as one that the API server has no more."""
    return replace(pod, gone=True)


def find_unexplained(job: ObservedJob, pod: ObservedPod | None) -> str | None:
    """Return the uid of the Job or pod whose Events may tell what it waits for; None where its status tells that."""
    if job.suspended or not job.live or job.deleting:
        return None
    if pod is None:
        return job.uid
    told = pod.unschedulable is not None or pod.gated or pod.sandbox_ready
    told = told or pod.waiting_reason in PULL_FAILURES | CONTAINER_FAILURES
    return pod.uid if not told and not pod.running and not pod.over and pod.deleted_at is None else None
