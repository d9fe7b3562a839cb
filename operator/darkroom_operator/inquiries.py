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

from darkroom_operator.children import Json, ObservedJob, ObservedPod, parse_time
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
SILENT_SECONDS: Final = 90.0
"""How long a Job may be without a pod, or a pod without a node, before that is strange in itself: a thousand Jobs at
once take the Job controller a minute."""
STALE_SECONDS: Final = 330.0
"""A cause that lasts is told again at least this often: the kubelet tries every 2 minutes, and tells every 5."""

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
        about = find_doubtful(job, pod) if job is not None else None
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
    """Return the newest Event that tells a cause which lasts, else the newest."""
    if not events:
        return None
    newest = max(_last_seen(event) for event in events)
    telling = [event for event in events if _tells(event) and newest - _last_seen(event) <= STALE_SECONDS]
    event = max(telling or events, key=_last_seen)
    return Complaint(about, event.get("reason", ""), event.get("note", ""))


def _tells(event: Json) -> bool:
    return any(word in event.get("note", "") for word in _TELLING)


def _last_seen(event: Json) -> float:
    series = event.get("series") or {}
    told = (series.get("lastObservedTime"), event.get("deprecatedLastTimestamp"), event.get("eventTime"))
    moments = [parse_time(moment) for moment in (*told, event["metadata"].get("creationTimestamp"))]
    return max((moment.timestamp() for moment in moments if moment is not None), default=0.0)
