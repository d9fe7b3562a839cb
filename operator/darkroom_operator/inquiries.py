"""Asking why a run does not start, where no watch tells: Warning Events of its Job or pod, and what its queue says.

Owns when that is asked: never for a run that gets on, first when a Job has had no pod or a pod no sandbox for
`FIRST_SECONDS`, then at growing intervals, and for few runs at once. Must not decide what an answer means.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from darkroom_operator.children import Json, ObservedJob, ObservedPod
from darkroom_operator.cluster import Cluster, ClusterError
from darkroom_operator.decide.waiting import find_doubtful
from darkroom_operator.findings import NOTHING_FOUND, Complaint, Findings, QueueFinding
from darkroom_operator.queues import Queues
from darkroom_operator.resources import EVENTS, Key
from darkroom_operator.store import Store, StoredOwner

logger = logging.getLogger(__name__)

FIRST_SECONDS: Final = 3.0
LONGEST_SECONDS: Final = 120.0
RETRY_SECONDS: Final = 10.0
AT_ONCE: Final = 8

_TELLING: Final = ("not found", "forbidden", "was found")
"""Words of a cause. The kubelet follows its cause with Events that only say that it timed out waiting."""


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
        self._cluster = cluster
        self._store = store
        self._clock = clock
        self._queues = Queues(cluster, clock)
        self._doubts: dict[Key, _Doubt] = {}
        self._limit = asyncio.Semaphore(AT_ONCE)

    async def find(self, owner: StoredOwner, now: datetime) -> tuple[Findings, float | None]:
        """Return what is found about a run, and in how many seconds there may be more."""
        if owner.status.get("completedAt"):
            self.forget(owner.key)
            return NOTHING_FOUND, None
        job, pod = self._find_children(owner)
        complaint, again = await self._find_complaint(owner, job, pod, now)
        queue, queue_again = await self._find_queue(owner, job)
        pauses = [pause for pause in (again, queue_again) if pause is not None]
        return Findings(complaint, queue), min(pauses, default=None)

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

    async def _find_complaint(
        self, owner: StoredOwner, job: ObservedJob | None, pod: ObservedPod | None, now: datetime
    ) -> tuple[Complaint | None, float | None]:
        about = find_doubtful(job, pod) if job is not None else None
        if about is None:
            self.forget(owner.key)
            return None, None
        doubt = self._doubts.get(owner.key)
        if doubt is None or doubt.about != about:
            began = pod.scheduled_at if pod is not None else job.created_at if job is not None else None
            waited = min(max((now - began).total_seconds(), 0.0), FIRST_SECONDS) if began is not None else 0.0
            since = self._clock() - waited
            doubt = self._doubts[owner.key] = _Doubt(about, since, since + FIRST_SECONDS)
        if self._clock() >= doubt.due:
            await self._ask(owner.key.namespace, doubt)
        return doubt.complaint, doubt.due - self._clock()

    async def _ask(self, namespace: str, doubt: _Doubt) -> None:
        try:
            async with self._limit:
                found = await self._cluster.find(EVENTS, namespace, fields=f"type=Warning,regarding.uid={doubt.about}")
        except ClusterError as error:
            logger.warning("events not read", extra={"about": doubt.about, "error": str(error)})
        else:
            doubt.complaint = pick_complaint(doubt.about, found) or doubt.complaint
        doubt.due = self._clock() + doubt.pause
        doubt.pause = min(doubt.pause * 2, LONGEST_SECONDS)

    async def _find_queue(
        self, owner: StoredOwner, job: ObservedJob | None
    ) -> tuple[QueueFinding | None, float | None]:
        name = owner.spec.get("queue")
        if not isinstance(name, str):
            return None, None
        try:
            return await self._queues.find(owner.key.namespace, name, job if job and job.suspended else None)
        except ClusterError as error:
            logger.warning("queue not read", extra={"object": str(owner.key), "error": str(error)})
            return None, RETRY_SECONDS


def pick_complaint(about: str, events: list[Json]) -> Complaint | None:
    """Return the newest Event that tells a cause, else the newest."""
    events = sorted(events, key=lambda event: (_tells(event), _last_seen(event)))
    if not events:
        return None
    return Complaint(about, events[-1].get("reason", ""), events[-1].get("note", ""))


def _tells(event: Json) -> bool:
    return any(word in event.get("note", "") for word in _TELLING)


def _last_seen(event: Json) -> str:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("deprecatedLastTimestamp"), event.get("eventTime"))
    return max((moment for moment in times if moment), default=event["metadata"].get("creationTimestamp") or "")
