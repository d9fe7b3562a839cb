"""Where runs stand in their queues: one read for all that wait in a LocalQueue, of an API that Kueue may not serve.

Owns those reads, how long an answer holds, and the pauses of an API that is absent or does not answer: a run is told
the same without it. Must not write, and must not raise for want of an answer.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from darkroom_operator.api import kueue
from darkroom_operator.api.cluster import Cluster, ClusterError
from darkroom_operator.api.resources import Resource
from darkroom_operator.facts.findings import Position
from darkroom_operator.facts.reading import UnreadableObjectError
from darkroom_operator.facts.workloads import read_positions

logger = logging.getLogger(__name__)

POSITIONS_SECONDS: Final = 30.0
"""How long the order of a queue holds."""
ABSENT_SECONDS: Final = (60.0, 900.0)
"""How long an API that is absent or did not answer is left alone: at first, and at most (doubling)."""
ANSWER_SECONDS: Final = 5.0
"""How long an answer is waited for: reconciles of runs wait with it."""
SUBRESOURCE: Final = "pendingworkloads"
MAX_REMEMBERED: Final = 1_000


class Positions:
    """Asks for the order of LocalQueues in which runs wait, and remembers the answers for a while."""

    def __init__(self, cluster: Cluster, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._clock = clock
        self._asking = asyncio.Lock()
        """A thousand runs that wait in one queue are one question."""
        self._version: str | None = None
        self._again, self._pause = float("-inf"), 0.0
        self._queues: dict[tuple[str, str], tuple[float, dict[str, Position]]] = {}

    async def find(self, namespace: str, queue: str, job_uid: str) -> Position | None:
        """Return where a Job stands; None where Kueue does not tell."""
        async with self._asking:
            until, positions = self._queues.get((namespace, queue), (float("-inf"), {}))
            if self._clock() >= max(until, self._again):
                positions = await self._ask(namespace, queue)
        return positions.get(job_uid)

    async def _ask(self, namespace: str, queue: str) -> dict[str, Position]:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                positions = await self._read(namespace, queue)
        except (ClusterError, UnreadableObjectError, TimeoutError) as error:
            logger.debug("order of queue not read", extra={"queue": f"{namespace}/{queue}", "error": str(error)})
            positions = None
        if positions is None:
            first, longest = ABSENT_SECONDS
            self._pause = min(self._pause * 2, longest) if self._pause else first
            self._again, self._version = self._clock() + self._pause, None
            self._queues.clear()
            return {}
        self._pause = 0.0
        if len(self._queues) >= MAX_REMEMBERED:
            self._queues.clear()
        self._queues[namespace, queue] = (self._clock() + POSITIONS_SECONDS, positions)
        return positions

    async def _read(self, namespace: str, queue: str) -> dict[str, Position] | None:
        """Return where each Job stands, as far as Kueue lists them; None where it does not serve that API."""
        self._version = self._version or await self._cluster.discover(kueue.VISIBILITY_GROUP)
        if self._version is None:
            return None
        queues = Resource(kueue.VISIBILITY_GROUP, self._version, "localqueues", "LocalQueue")
        try:
            return read_positions(await self._cluster.get(queues, namespace, queue, SUBRESOURCE))
        except ClusterError as error:
            if error.status == 404:  # Kueue knows no ClusterQueue of this LocalQueue
                return {}
            raise
