"""The one thing that every trigger leads to: observe -> decide -> build -> apply, for one object.

Owns the order of these steps and what is held back: a change of words alone waits until the last write is old enough.
"""

import logging
import os
import time
from datetime import UTC, datetime
from typing import Any, Final

from darkroom_operator import apply
from darkroom_operator.build.job import build_job
from darkroom_operator.children import Json
from darkroom_operator.cluster import Cluster
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide.decision import Decision
from darkroom_operator.decide.refusal import RETRY_SECONDS, decide_refused
from darkroom_operator.events import find_notice
from darkroom_operator.kinds import Case, consider
from darkroom_operator.metrics import Metrics
from darkroom_operator.observe import InvalidSpecError
from darkroom_operator.progress import Poller
from darkroom_operator.resources import OWNERS_BY_KIND, Key, Trigger
from darkroom_operator.store import Store, StoredOwner

logger = logging.getLogger(__name__)

_URGENT: Final = ("phase", "reason", "observedGeneration", "summary", "artifacts", "startedAt", "completedAt")
"""A change in one of these is written at once; any other waits for the progress interval."""


class Reconciler:
    """Reconciles objects, one call at a time for each."""

    def __init__(
        self, cluster: Cluster, store: Store, config: OperatorConfig, metrics: Metrics, poller: Poller, trigger: Trigger
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._config = config
        self._metrics = metrics
        self._poller = poller
        self._trigger = trigger
        self._written_at: dict[str, float] = {}
        self._instance = f"darkroom-operator-{os.uname().nodename}"

    async def reconcile(self, key: Key) -> float | None:
        """Bring one object forward; returns in how many seconds to come again, if at all."""
        owner = self._store.owner(key)
        if owner is None or owner.deleting:
            return None
        started = time.perf_counter()
        try:
            return await self._reconcile(owner)
        except apply.StaleError:
            logger.debug("changed meanwhile", extra={"object": str(key)})
            return 1.0
        finally:
            self._metrics.observe_reconcile(key.kind, time.perf_counter() - started)

    async def _reconcile(self, owner: StoredOwner) -> float | None:
        report = self._poller.find_report(self._store.pods(owner.uid))
        try:
            case = consider(self._store, owner, report, self._config, datetime.now(UTC))
        except InvalidSpecError as error:
            logger.warning("spec refused", extra={"object": str(owner.key), "error": str(error)})
            return RETRY_SECONDS
        decision = case.decision
        for job in decision.stop:
            await apply.stop_job(self._cluster, job)
        if decision.start is not None:
            decision = await self._start(case, decision.start)
        later = await self._write(owner, decision)
        return min((pause for pause in (later, decision.requeue_after_seconds) if pause is not None), default=None)

    async def _start(self, case: Case, attempt: int) -> Decision[Any]:
        manifest = build_job(case.plan(attempt), self._config)
        problem = await apply.create_job(self._cluster, self._store, manifest)
        if problem is None:
            return case.decision
        return decide_refused(case.seen, case.decision, problem)

    async def _write(self, owner: StoredOwner, decision: Decision[Any]) -> float | None:
        """Write the status where it differs; returns how long a change that can wait has to."""
        status: Json = decision.status.to_json()
        if status == owner.status or not status.get("observedGeneration"):
            self._settle(owner, status)
            return None
        waited = time.monotonic() - self._written_at.get(owner.uid, float("-inf"))
        if not _is_urgent(owner.status, status) and waited < self._config.progress_interval_seconds:
            return self._config.progress_interval_seconds - waited
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
        self._metrics.observe_status(owner.key.kind, owner.status, status)
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
