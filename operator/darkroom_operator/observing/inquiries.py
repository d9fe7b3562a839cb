"""Asking why a run does not start, where no watch tells: Warning Events of its Job or pod, and what its queue says.

Owns when that is asked: never for a run that gets on, first when a Job has had no pod or a pod no sandbox for
`FIRST_SECONDS`, then at growing intervals. Must not decide what an answer means.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from darkroom_operator.api.cluster import Cluster
from darkroom_operator.api.resources import Key
from darkroom_operator.facts.children import ObservedJob, ObservedPod, find_unexplained
from darkroom_operator.facts.findings import NOTHING_FOUND, Complaint, Findings, QueueFinding
from darkroom_operator.observing import queues, warning_events
from darkroom_operator.observing.store import Store, StoredOwner

FIRST_SECONDS: Final = 3.0
LONGEST_SECONDS: Final = 120.0
SILENT_SECONDS: Final = 90.0
"""How long a Job may be without a pod, or a pod without a node, before that is strange in itself: a thousand Jobs at
once take the Job controller a minute."""


@dataclass
class _Doubt:
    """A Job or pod that does not get on."""

    about: str
    since: float
    due: float
    pause: float = FIRST_SECONDS
    complaint: Complaint | None = None


class Inquirer:
    """Asks about runs that do not get on, and remembers the answers."""

    def __init__(self, cluster: Cluster, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._queues = queues.Queues(cluster, clock)
        self._events = warning_events.WarningEvents(cluster)
        self._doubts: dict[Key, _Doubt] = {}

    async def find(self, owner: StoredOwner, now: datetime) -> tuple[Findings, float | None]:
        """Return what is found about a run, and in how many seconds there may be more."""
        if owner.status.get("completedAt"):
            self.forget(owner.key)
            return NOTHING_FOUND, None
        job, pod = self._find_children(owner)
        doubt = await self._find_doubt(owner.key, job, pod, now)
        queue, queue_again = await self._find_queue(owner, job)
        if doubt is None:
            return Findings(queue=queue), queue_again
        again = min(doubt.due - self._clock(), queue_again if queue_again is not None else LONGEST_SECONDS)
        silent = doubt.complaint is None and self._clock() - doubt.since >= SILENT_SECONDS
        return Findings(doubt.complaint, silent, queue), again

    def forget(self, key: Key) -> None:
        """Drop what is remembered of an object."""
        self._doubts.pop(key, None)

    def _find_children(self, owner: StoredOwner) -> tuple[ObservedJob | None, ObservedPod | None]:
        """Return the Job that may still start its container, and its pod."""
        jobs = [job for job in self._store.jobs(owner.uid) if job.live and not job.deleting]
        job = max(jobs, key=lambda job: job.attempt, default=None)
        if job is None:
            return None, None
        pods = (pod for pod in self._store.pods(owner.uid) if pod.job_uid == job.uid)
        return job, max(pods, key=lambda pod: pod.resource_version, default=None)

    async def _find_doubt(
        self, key: Key, job: ObservedJob | None, pod: ObservedPod | None, now: datetime
    ) -> _Doubt | None:
        about = find_unexplained(job, pod) if job is not None else None
        if job is None or about is None:
            self.forget(key)
            return None
        doubt = self._doubts.get(key)
        if doubt is None or doubt.about != about:
            began = pod.scheduled_at if pod is not None else job.created_at
            waited = max((now - began).total_seconds(), 0.0) if began is not None else 0.0
            since = self._clock() - waited
            doubt = self._doubts[key] = _Doubt(about, since, since + FIRST_SECONDS)
        if self._clock() >= doubt.due:
            await self._ask(key.namespace, doubt)
        return doubt

    async def _ask(self, namespace: str, doubt: _Doubt) -> None:
        doubt.complaint = await self._events.find_complaint(namespace, doubt.about) or doubt.complaint
        doubt.due = self._clock() + doubt.pause
        doubt.pause = min(doubt.pause * 2, LONGEST_SECONDS)

    async def _find_queue(
        self, owner: StoredOwner, job: ObservedJob | None
    ) -> tuple[QueueFinding | None, float | None]:
        name = owner.spec.get("queue")
        if not isinstance(name, str):
            return None, None
        return await self._queues.find(owner.key.namespace, name, job if job and job.suspended else None)
