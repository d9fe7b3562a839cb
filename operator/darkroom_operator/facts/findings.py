"""Why a run is not progressing, where no status of its Job or pod says it: Warning Events, and what its queue says.

Owns these types only. `inquiries` and `queues` fill them in; must not read or decide anything.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Complaint:
    """A Warning Event about an attempt's Job or pod."""

    about: str
    """Uid of the Job or pod."""
    reason: str
    message: str


@dataclass(frozen=True)
class Position:
    """Where a run stands in its queue; the first is 1."""

    in_local_queue: int
    in_cluster_queue: int
    """Among all LocalQueues of its ClusterQueue, in which the order of admission is."""


@dataclass(frozen=True)
class WorkloadFinding:
    """What Kueue says of the Workload that stands for a suspended Job."""

    name: str
    waiting: str = ""
    """What it waits for, in Kueue's words."""
    deactivated: str | None = None
    """Why Kueue deactivated it, in its words; None while it may be admitted."""
    clusters: tuple[str, ...] = ()
    """Where MultiKueue runs it, or may."""


@dataclass(frozen=True)
class QueueFinding:
    """What is known of the queue that a run names."""

    name: str
    """Empty where a Job is suspended that has no queue."""
    installed: bool
    """Whether Kueue's API is served."""
    exists: bool = True
    """Whether the LocalQueue is there."""
    inactive: str = ""
    """Why the LocalQueue admits nothing, in Kueue's words; empty where it does."""
    workload: WorkloadFinding | None = None
    """What stands for the suspended Job; None before Kueue has made it."""
    position: Position | None = None
    """Where the suspended Job stands; None where Kueue does not tell."""


@dataclass(frozen=True)
class Findings:
    """What was found about one resource."""

    complaint: Complaint | None = None
    silent: bool = False
    """Whether a Job or pod has not progressed for long, and no Event says why."""
    queue: QueueFinding | None = None
    refused_node_object: str = ""
    """Why the pods of a run on several nodes cannot find each other; empty where they can."""


NOTHING_FOUND = Findings()
