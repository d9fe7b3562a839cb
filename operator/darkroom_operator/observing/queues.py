"""What Kueue says of a queue and of the Jobs that wait in it: a few reads, for runs that name a queue only.

Owns those reads and how long an answer holds. Must not write: a Job is suspended and resumed by Kueue alone.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final

from darkroom_operator.api.cluster import Cluster, ClusterError
from darkroom_operator.api.resources import Json, Resource
from darkroom_operator.facts.children import ObservedJob
from darkroom_operator.facts.findings import QueueFinding
from darkroom_operator.facts.reading import UnreadableObjectError, join_words, read_conditions

logger = logging.getLogger(__name__)

GROUP: Final = "kueue.x-k8s.io"
LABEL_JOB_UID: Final = f"{GROUP}/job-uid"
DISCOVERY_SECONDS: Final = 30.0
QUEUE_SECONDS: Final = 10.0
WAITING_SECONDS: Final = (3.0, 60.0)
"""How long Kueue's words on a suspended Job hold: at first, and at most (doubling)."""
MAX_REMEMBERED: Final = 10_000


class Queues:
    """Asks for LocalQueues and Workloads, and remembers the answers for a while."""

    def __init__(self, cluster: Cluster, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._clock = clock
        self._discovering = asyncio.Lock()
        self._version: tuple[float, str | None] = (float("-inf"), None)
        self._queues: dict[tuple[str, str], tuple[float, QueueFinding]] = {}
        self._waiting: dict[str, tuple[float, float, str]] = {}

    async def find(self, namespace: str, name: str, suspended: ObservedJob | None) -> tuple[QueueFinding | None, float]:
        """Return what is known of a queue, and for how many seconds that holds; without an answer nothing is."""
        try:
            return await self._find(namespace, name, suspended)
        except (ClusterError, UnreadableObjectError) as error:
            logger.warning("queue not read", extra={"queue": f"{namespace}/{name}", "error": str(error)})
            return None, QUEUE_SECONDS

    async def _find(self, namespace: str, name: str, suspended: ObservedJob | None) -> tuple[QueueFinding, float]:
        version = await self._find_version()
        if version is None:
            return QueueFinding(name, installed=False), self._version[0] - self._clock()
        finding = await self._find_queue(namespace, name, version)
        if suspended is None:
            return finding, DISCOVERY_SECONDS
        holds, words = await self._find_words(suspended, version)
        return QueueFinding(name, True, finding.exists, finding.inactive, words), min(holds, QUEUE_SECONDS)

    async def _find_version(self) -> str | None:
        async with self._discovering:
            until, version = self._version
            if self._clock() >= until:
                version = await self._cluster.discover(GROUP)
                self._version = (self._clock() + DISCOVERY_SECONDS, version)
        return version

    async def _find_queue(self, namespace: str, name: str, version: str) -> QueueFinding:
        until, finding = self._queues.get((namespace, name), (float("-inf"), None))
        if finding is not None and self._clock() < until:
            return finding
        _make_room(self._queues)
        finding = await self._ask_queue(namespace, name, version)
        self._queues[namespace, name] = (self._clock() + QUEUE_SECONDS, finding)
        return finding

    async def _ask_queue(self, namespace: str, name: str, version: str) -> QueueFinding:
        try:
            queue = await self._cluster.get(Resource(GROUP, version, "localqueues", "LocalQueue"), namespace, name)
        except ClusterError as error:
            if error.status == 404:
                return QueueFinding(name, installed=True, exists=False)
            raise
        active = read_conditions("LocalQueue", queue).get("Active")
        refuses = active is not None and active["status"] == "False"
        return QueueFinding(name, True, inactive=join_words(active) if refuses and active is not None else "")

    async def _find_words(self, job: ObservedJob, version: str) -> tuple[float, str]:
        """Return for how long Kueue's words on a Job hold, and the words."""
        until, pause, words = self._waiting.get(job.uid, (float("-inf"), 0.0, ""))
        if self._clock() >= until:
            workloads = Resource(GROUP, version, "workloads", "Workload")
            found = await self._cluster.find(workloads, job.namespace, f"{LABEL_JOB_UID}={job.uid}")
            said = read_workload(found[-1]) if found else ""
            first, longest = WAITING_SECONDS
            pause = min(pause * 2, longest) if pause and said == words else first
            until, words = self._clock() + pause, said
            _make_room(self._waiting)
            self._waiting[job.uid] = (until, pause, words)
        return until - self._clock(), words


def _make_room(remembered: dict[Any, Any]) -> None:
    if len(remembered) >= MAX_REMEMBERED:
        remembered.clear()


def read_workload(workload: Json) -> str:
    """Return what a Workload that is not admitted waits for, in Kueue's words."""
    conditions = read_conditions("Workload", workload)
    evicted, reserved = conditions.get("Evicted"), conditions.get("QuotaReserved")
    words = [f"evicted, {join_words(evicted)}"] if evicted is not None and evicted["status"] == "True" else []
    if reserved is not None and reserved["status"] == "True":
        admitted = conditions.get("Admitted")
        refused = admitted is not None and admitted["status"] == "False"
        words.append(join_words(admitted) if refused and admitted is not None else "its quota is reserved")
    elif reserved is not None:
        words.append(join_words(reserved))
    return "; ".join(words)
