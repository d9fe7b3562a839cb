"""Writing statuses and telling about them: when a change is written, and what is counted, logged and posted of it.

Owns what is held back: a change of words alone waits until the last write is old enough. Must not decide what a status
says.
"""

import logging
import os
import time
from datetime import UTC, datetime
from typing import Any, Final

from darkroom_api.conditions import DatasetPhase
from darkroom_api.results import AnyStatus
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_operator.api.cluster import Cluster
from darkroom_operator.api.resources import OWNERS_BY_KIND, Json, Trigger
from darkroom_operator.facts import belonging
from darkroom_operator.facts.views import StoredOwner
from darkroom_operator.metrics import Metrics
from darkroom_operator.observing.store import Store
from darkroom_operator.writing import apply
from darkroom_operator.writing.events import find_notice

logger = logging.getLogger(__name__)

_URGENT: Final = ("phase", "reason", "observedGeneration", "summary", "artifacts", "startedAt", "completedAt")
"""A change in one of these is written at once; any other waits for the progress interval."""


class StatusWriter:
    """Writes the statuses that differ, and tells of each once."""

    def __init__(
        self, cluster: Cluster, store: Store, metrics: Metrics, trigger: Trigger, progress_interval_seconds: float
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._metrics = metrics
        self._trigger = trigger
        self._progress_interval_seconds = progress_interval_seconds
        self._written_at: dict[str, float] = {}
        self._instance = f"darkroom-operator-{os.uname().nodename}"

    async def write(self, owner: StoredOwner, before: AnyStatus, after: AnyStatus) -> float | None:
        """Write the status where it is to change; returns how long a change that can wait has to.

        `before` is what could be read of it: what another version put there stays for as long as nothing else changes.
        """
        if before == after or not after.observed_generation:
            self._settle(owner, after)
            return None
        said, status = before.to_json(), after.to_json()
        waited = time.monotonic() - self._written_at.get(owner.uid, float("-inf"))
        if not _is_urgent(said, status) and waited < self._progress_interval_seconds:
            return self._progress_interval_seconds - waited
        key = owner.key
        dependents = await apply.write_status(
            self._cluster, self._store, OWNERS_BY_KIND[key.kind], key, owner.resource_version, status
        )
        self._trigger(dependents)
        self._written_at[owner.uid] = time.monotonic()
        await self._tell(owner, said, status)
        self._settle(owner, after)
        return None

    async def _tell(self, owner: StoredOwner, before: Json, status: Json) -> None:
        self._metrics.observe_status(owner.key, before, status)
        if before.get("phase") != status.get("phase") or before.get("reason") != status.get("reason"):
            told = {"object": str(owner.key), "phase": status.get("phase"), "reason": status.get("reason")}
            logger.info(status.get("message", ""), extra=told)
        notice = find_notice(owner.key, owner.uid, before, status)
        if notice is not None:
            await apply.post_event(self._cluster, notice, self._instance, datetime.now(UTC))

    def _settle(self, owner: StoredOwner, status: AnyStatus) -> None:
        """What a status holds need not be remembered elsewhere."""
        opened = belonging.find_open(status.attempts)
        children = {opened.job_uid, opened.pod_uid} if opened is not None else set()
        self._store.forget_pods(owner.uid, {uid for uid in children if uid is not None})
        completed = None if isinstance(status, DatasetStatus) else status.completed_at
        if completed or status.phase in (DatasetPhase.READY, DatasetPhase.INVALID):
            self._written_at.pop(owner.uid, None)


def _is_urgent(before: Json, after: Json) -> bool:
    changed = any(before.get(field) != after.get(field) for field in _URGENT)
    return changed or _outcomes(before) != _outcomes(after)


def _outcomes(status: Json) -> list[Any]:
    return [(attempt["number"], attempt.get("outcome")) for attempt in status.get("attempts", ())]
