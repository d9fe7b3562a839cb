"""Writing statuses and telling about them: when a change is written, and what is counted, logged and posted of it.

Owns what is held back: a change of words alone waits until the last write is old enough. Must not decide what a status
says.
"""

import logging
import os
import time
from datetime import UTC, datetime
from typing import Any, Final

from darkroom_operator.api.cluster import Cluster
from darkroom_operator.api.resources import OWNERS_BY_KIND, Json, Trigger
from darkroom_operator.metrics import Metrics
from darkroom_operator.observing.store import Store, StoredOwner
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

    async def write(self, owner: StoredOwner, status: Json) -> float | None:
        """Write the status where it differs; returns how long a change that can wait has to."""
        if status == owner.status or not status.get("observedGeneration"):
            self._settle(owner, status)
            return None
        waited = time.monotonic() - self._written_at.get(owner.uid, float("-inf"))
        if not _is_urgent(owner.status, status) and waited < self._progress_interval_seconds:
            return self._progress_interval_seconds - waited
        key = owner.key
        dependents = await apply.write_status(
            self._cluster, self._store, OWNERS_BY_KIND[key.kind], key, owner.resource_version, status
        )
        self._trigger(dependents)
        self._written_at[owner.uid] = time.monotonic()
        await self._tell(owner, status)
        self._settle(owner, status)
        return None

    async def _tell(self, owner: StoredOwner, status: Json) -> None:
        self._metrics.observe_status(owner.key, owner.status, status)
        if owner.status.get("phase") != status.get("phase") or owner.status.get("reason") != status.get("reason"):
            told = {"object": str(owner.key), "phase": status.get("phase"), "reason": status.get("reason")}
            logger.info(status.get("message", ""), extra=told)
        notice = find_notice(owner.key, owner.uid, owner.status, status)
        if notice is not None:
            await apply.post_event(self._cluster, notice, self._instance, datetime.now(UTC))

    def _settle(self, owner: StoredOwner, status: Json) -> None:
        """What a status holds need not be remembered elsewhere."""
        closed = {a["number"] for a in status.get("attempts", ()) if a.get("outcome")}
        self._store.forget_pods(owner.uid, closed)
        if status.get("completedAt") or status.get("phase") in ("Ready", "Invalid"):
            self._written_at.pop(owner.uid, None)


def _is_urgent(before: Json, after: Json) -> bool:
    changed = any(before.get(field) != after.get(field) for field in _URGENT)
    return changed or _outcomes(before) != _outcomes(after)


def _outcomes(status: Json) -> list[Any]:
    return [(attempt["number"], attempt.get("outcome")) for attempt in status.get("attempts", ())]
