"""What Kueue says of the Jobs that it holds: one list for all of a namespace, however many wait there.

Owns that list and how long it holds. Must not write, and must not know which queue a Job is in.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from darkroom_operator.api import kueue
from darkroom_operator.api.cluster import Cluster
from darkroom_operator.api.resources import Resource
from darkroom_operator.facts.children import ObservedJob
from darkroom_operator.facts.findings import WorkloadFinding
from darkroom_operator.facts.reading import UnreadableObjectError
from darkroom_operator.facts.workloads import read_job_uid, read_workload

logger = logging.getLogger(__name__)

NEW_SECONDS: Final = 3.0
"""How long a list holds for a Job that it came too early for: Kueue makes the Workload after the Job."""
NEWS_SECONDS: Final = 10.0
"""How long a list holds that brought news; one that brought none holds twice as long as the one before."""
MOST_SECONDS: Final = 60.0
MAX_REMEMBERED: Final = 1_000
"""Namespaces."""


@dataclass
class _Known:
    """What was listed of a namespace, and until when it holds."""

    listed_at: float = float("-inf")
    pause: float = 0.0
    findings: dict[str, WorkloadFinding] = field(default_factory=dict)
    """By the uid of the Job."""
    missing: set[str] = field(default_factory=set)
    """Uids of Jobs that were asked about and have no Workload."""
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    """A thousand runs that wait in one namespace are one question."""

    @property
    def until(self) -> float:
        """Return when to list again."""
        return self.listed_at + self.pause

    def expect(self, job_uid: str) -> None:
        """Take note that a Job is asked about."""
        if job_uid not in self.findings and job_uid not in self.missing:
            self.missing.add(job_uid)
            self.pause = min(self.pause, NEW_SECONDS)

    def take_in(self, findings: dict[str, WorkloadFinding], now: float) -> None:
        """Replace what is known by a new list."""
        longer = min(max(self.pause, NEW_SECONDS) * 2, MOST_SECONDS)
        self.pause = longer if findings == self.findings else NEWS_SECONDS
        self.listed_at, self.findings = now, findings
        self.missing -= findings.keys()


class Admissions:
    """Lists Workloads, and remembers what they say for a while."""

    def __init__(self, cluster: Cluster, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._clock = clock
        self._known: dict[str, _Known] = {}

    async def find(self, job: ObservedJob, version: str) -> tuple[WorkloadFinding | None, float]:
        """Return Kueue's words on a suspended Job and for how many seconds they hold; raises ClusterError."""
        if job.namespace not in self._known and len(self._known) >= MAX_REMEMBERED:
            self._known.clear()
        known = self._known.setdefault(job.namespace, _Known())
        async with known.asking:
            known.expect(job.uid)
            if self._clock() >= known.until:
                known.take_in(await self._list(job.namespace, version), self._clock())
                known.expect(job.uid)
        return known.findings.get(job.uid), known.until - self._clock()

    async def _list(self, namespace: str, version: str) -> dict[str, WorkloadFinding]:
        workloads = Resource(kueue.GROUP, version, "workloads", "Workload", kueue.LABEL_JOB_UID)
        found = {}
        async for page in self._cluster.list_all(workloads, namespace):
            for raw in page.get("items") or ():
                try:
                    found[read_job_uid(raw)] = read_workload(raw)
                except UnreadableObjectError as error:
                    logger.warning("workload cannot be read and is passed over: %s", error)
        return found
