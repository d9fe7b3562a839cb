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
class QueueFinding:
    """What is known of the queue that a run names."""

    name: str
    installed: bool
    """Whether Kueue's API is served."""
    exists: bool = True
    """Whether the LocalQueue is there."""
    inactive: str = ""
    """Why the LocalQueue admits nothing, in Kueue's words; empty where it does."""
    waiting: str = ""
    """What the suspended Job waits for, in Kueue's words."""


@dataclass(frozen=True)
class Findings:
    """What was found about one resource."""

    complaint: Complaint | None = None
    silent: bool = False
    """Whether a Job or pod has not progressed for long, and no Event says why."""
    queue: QueueFinding | None = None


NOTHING_FOUND = Findings()
