"""What Kueue says of a queue and of the Jobs that wait in it: a few reads, for runs that name a queue or are suspended.

Owns those reads and how long an answer holds. Must not write: a Job is suspended and resumed by Kueue alone.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from darkroom_operator.api import kueue
from darkroom_operator.api.cluster import Cluster, ClusterError
from darkroom_operator.api.resources import Resource
from darkroom_operator.facts.children import ObservedJob
from darkroom_operator.facts.findings import QueueFinding
from darkroom_operator.facts.reading import UnreadableObjectError
from darkroom_operator.facts.workloads import read_inactivity
from darkroom_operator.observing.admissions import Admissions
from darkroom_operator.observing.positions import Positions

logger = logging.getLogger(__name__)

DISCOVERY_SECONDS: Final = 30.0
QUEUE_SECONDS: Final = (10.0, 30.0)
"""How long an answer about a queue holds: that it admits nothing, and that it does."""
MAX_REMEMBERED: Final = 1_000


@dataclass
class _Answer:
    """What a LocalQueue was found to be, and until when that holds."""

    until: float = float("-inf")
    finding: QueueFinding | None = None
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    """All runs of a queue are one question, also where all ask at once."""


class Queues:
    """Asks for LocalQueues, and remembers the answers for a while."""

    def __init__(self, cluster: Cluster, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._clock = clock
        self._admissions = Admissions(cluster, clock)
        self._positions = Positions(cluster, clock)
        self._discovering = asyncio.Lock()
        self._version: tuple[float, str | None] = (float("-inf"), None)
        self._queues: dict[tuple[str, str], _Answer] = {}

    async def find(self, namespace: str, name: str, suspended: ObservedJob | None) -> tuple[QueueFinding | None, float]:
        """Return what is known of a queue, and for how many seconds that holds; without an answer nothing is.

        The name is empty for a suspended Job that has no queue.
        """
        try:
            return await self._find(namespace, name, suspended)
        except (ClusterError, UnreadableObjectError) as error:
            logger.warning("queue not read", extra={"queue": f"{namespace}/{name}", "error": str(error)})
            return None, QUEUE_SECONDS[0]

    async def _find(self, namespace: str, name: str, suspended: ObservedJob | None) -> tuple[QueueFinding, float]:
        version = await self._find_version()
        if version is None or not name:
            return QueueFinding(name, installed=version is not None), max(self._version[0] - self._clock(), 1.0)
        finding = await self._find_queue(namespace, name, version)
        if suspended is None:
            return finding, DISCOVERY_SECONDS
        workload, holds = await self._admissions.find(suspended, version)
        position = await self._positions.find(namespace, name, suspended.uid) if workload is not None else None
        return replace(finding, workload=workload, position=position), min(holds, DISCOVERY_SECONDS)

    async def _find_version(self) -> str | None:
        async with self._discovering:
            until, version = self._version
            if self._clock() >= until:
                version = await self._cluster.discover(kueue.GROUP)
                self._version = (self._clock() + DISCOVERY_SECONDS, version)
        return version

    async def _find_queue(self, namespace: str, name: str, version: str) -> QueueFinding:
        if (namespace, name) not in self._queues and len(self._queues) >= MAX_REMEMBERED:
            self._queues.clear()
        answer = self._queues.setdefault((namespace, name), _Answer())
        async with answer.asking:
            if answer.finding is None or self._clock() >= answer.until:
                answer.finding = await self._ask_queue(namespace, name, version)
                admits = answer.finding.exists and not answer.finding.inactive
                answer.until = self._clock() + QUEUE_SECONDS[admits]
            return answer.finding

    async def _ask_queue(self, namespace: str, name: str, version: str) -> QueueFinding:
        queues = Resource(kueue.GROUP, version, "localqueues", "LocalQueue")
        try:
            queue = await self._cluster.get(queues, namespace, name)
        except ClusterError as error:
            if error.status == 404:
                return QueueFinding(name, installed=True, exists=False)
            raise
        return QueueFinding(name, installed=True, inactive=read_inactivity(queue))
