"""Why a run does not start, where no status of a Job or pod says it: Warning Events, and what its queue says.

Owns when a complaint counts: only once a Job has had no pod, or a pod no sandbox, for `FIRST_SECONDS`; and when silence
is strange. Must not decide what an answer means.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from darkroom_api.conditions import DatasetPhase
from darkroom_operator.api.cluster import Cluster
from darkroom_operator.config import OperatorConfig
from darkroom_operator.facts.children import ObservedJob, find_unexplained
from darkroom_operator.facts.findings import NOTHING_FOUND, Complaint, Findings, QueueFinding
from darkroom_operator.facts.views import StoredOwner
from darkroom_operator.observing import observe, queues
from darkroom_operator.observing.store import Store

FIRST_SECONDS: Final = 3.0
"""How long a Job may be without a pod, or a pod without a sandbox, before its Events count: most causes are over."""
SILENT_SECONDS: Final = 90.0
"""How long a Job may be without a pod, or a pod without a node, before that is strange in itself: a thousand Jobs at
once take the Job controller a minute."""


@dataclass(frozen=True)
class _StalledChild:
    """A Job or pod whose own status does not say what it waits for."""

    namespace: str
    uid: str
    waited_seconds: float


class Inquirer:
    """Finds out about runs that are not progressing."""

    def __init__(
        self, cluster: Cluster, store: Store, config: OperatorConfig, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._config = config
        self._queues = queues.Queues(cluster, clock)

    async def find(self, owner: StoredOwner, now: datetime) -> tuple[Findings, float | None]:
        """Return what is found about a run, and in how many seconds there may be more without any news of it."""
        if _is_over(owner):
            return NOTHING_FOUND, None
        children = self._find_children(owner)
        queue, queue_again = await self._find_queue(owner, children.job)
        child = _find_stalled(children, now)
        if child is None:
            return Findings(queue=queue), queue_again
        complaint = self._store.warnings.find_complaint(child.namespace, child.uid)
        again = _find_next_look(child, complaint)
        pauses = [pause for pause in (again, queue_again) if pause is not None]
        counts = child.waited_seconds >= FIRST_SECONDS
        silent = complaint is None and child.waited_seconds >= SILENT_SECONDS
        return Findings(complaint if counts else None, silent, queue), min(pauses, default=None)

    def _find_children(self, owner: StoredOwner) -> observe.Children:
        """Return the Job that may still start its container, and its pods."""
        children = observe.find_open_children(self._store, owner)
        gone = children.job is None or not children.job.live or children.job.deleting
        return observe.Children() if gone else children

    async def _find_queue(
        self, owner: StoredOwner, job: ObservedJob | None
    ) -> tuple[QueueFinding | None, float | None]:
        """Return what is known of the queue of a run: the one that it names, or that Kueue gave its suspended Job."""
        named, suspended = owner.spec.get("queue"), job if job is not None and job.suspended else None
        name = self._config.find_queue(owner.key.namespace, named if isinstance(named, str) else None)
        if name is None and suspended is None:
            return None, None
        return await self._queues.find(owner.key.namespace, name or (suspended.queue if suspended else ""), suspended)


def _is_over(owner: StoredOwner) -> bool:
    """Return whether nothing is waited for: a run has ended, or this generation of a Dataset was inspected."""
    settled = owner.phase in (DatasetPhase.READY, DatasetPhase.INVALID)
    return owner.over or (settled and owner.observed_generation == owner.generation)


def _find_stalled(children: observe.Children, now: datetime) -> _StalledChild | None:
    job, leading = children.job, (pod for pod in children.pods if pod.leads)
    pod = max(leading, key=lambda pod: pod.resource_version, default=None)
    if job is not None and job.indexed and pod is not None and pod.running and len(children.pods) < job.parallelism:
        pod = None  # what keeps the other pods from being made is told about the Job
    uid = find_unexplained(job, pod) if job is not None else None
    if job is None or uid is None:
        return None
    began = (pod.scheduled_at or pod.created_at) if pod is not None else job.created_at
    return _StalledChild(job.namespace, uid, max((now - began).total_seconds(), 0.0) if began is not None else 0.0)


def _find_next_look(child: _StalledChild, complaint: Complaint | None) -> float | None:
    """Return when time alone changes what is found: any other change is news, which wakes the run."""
    ahead = (FIRST_SECONDS if complaint is not None else SILENT_SECONDS) - child.waited_seconds
    return ahead if ahead > 0 else None
