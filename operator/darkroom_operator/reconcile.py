"""The one thing that every trigger leads to: observe -> decide -> build -> apply, for one object.

Owns the order of these steps. When a status is written, and who hears of it, is in `statuses`.
"""

import logging
import time
from dataclasses import replace
from typing import Final

from darkroom_operator import adoption, kinds, outdated, refusals
from darkroom_operator.api.cluster import Cluster
from darkroom_operator.api.resources import JOBS, Key, Trigger
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide import attempts
from darkroom_operator.facts import reading
from darkroom_operator.facts.views import StoredOwner
from darkroom_operator.metrics import Metrics
from darkroom_operator.observing import inquiries, observe, progress
from darkroom_operator.observing.store import Store
from darkroom_operator.writing import apply, isolation, node_objects, statuses

logger = logging.getLogger(__name__)

REFUSED_SECONDS: Final = 300.0
"""How long a status waits that the CRD's schema refuses: until someone applies the CRDs of this version."""


class Reconciler:
    """Reconciles objects, one call at a time for each."""

    def __init__(
        self,
        cluster: Cluster,
        store: Store,
        config: OperatorConfig,
        metrics: Metrics,
        poller: progress.Poller,
        trigger: Trigger,
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._config = config
        self._metrics = metrics
        self._poller = poller
        self._inquirer = inquiries.Inquirer(cluster, store, config)
        self._isolation = isolation.Isolation(cluster, config.trainer_policy, config.spans_nodes)
        self._node_objects = node_objects.NodeObjects(cluster)
        self._writer = statuses.StatusWriter(cluster, store, metrics, trigger, config.progress_interval_seconds)

    async def reconcile(self, key: Key) -> float | None:
        """Bring one object forward; returns in how many seconds to come again, if at all."""
        owner = self._store.owner(key)
        if owner is None:
            return None
        started = time.perf_counter()
        try:
            return await (self._end(owner) if owner.deleting else self._reconcile(owner))
        except apply.StaleError:
            logger.debug("changed meanwhile", extra={"object": str(key)})
            return 1.0
        except apply.NamespaceGoneError:
            logger.debug("namespace is being deleted", extra={"object": str(key)})
            return refusals.RETRY_SECONDS
        except apply.StatusRefusedError as error:
            self._metrics.count_error(key.kind)
            logger.error("status refused: %s", error, extra={"object": str(key), "pause_seconds": REFUSED_SECONDS})
            return REFUSED_SECONDS
        finally:
            self._metrics.observe_reconcile(key.kind, time.perf_counter() - started)

    async def _end(self, owner: StoredOwner) -> None:
        """Stop what works for an object that is being deleted: somebody's finalizer may keep it for long."""
        for job in attempts.find_live(self._store.jobs(owner)):
            await apply.stop_job(self._cluster, job)
        self._store.forget_pods(owner.uid, set())

    async def _reconcile(self, owner: StoredOwner) -> float | None:
        now, before = self._cluster.now(), observe.observe_status(owner)
        children = observe.find_open_children(self._store, owner)
        report = self._poller.find_report(children.pods)
        found, again = await self._inquirer.find(owner, now)
        refused_node_object = await self._node_objects.keep(children.job)
        found = replace(found, refused_node_object=refused_node_object) if refused_node_object else found
        try:
            case = adoption.consider(self._store, owner, observe.Polled(now, report, found), self._config)
        except observe.InvalidSpecError as error:
            logger.warning("spec refused", extra={"object": str(owner.key), "error": str(error)})
            status = refusals.describe_unreadable(
                before, children.pods, error.describe(owner.key), owner.generation, now
            )
            if status is not None:
                await self._writer.write(owner, before, status)
            return refusals.RETRY_SECONDS
        with self._store.starting(owner.key, case.decision.start is not None):
            for pod in case.decision.end:
                await apply.end_pod(self._cluster, pod)
            for job in (*case.decision.stop, *outdated.find_outdated(case)):
                await apply.stop_job(self._cluster, job)
            if case.decision.start is not None:
                case = await self._start(case)
        later = await self._writer.write(owner, before, case.decision.status)
        pauses = (later, again, case.decision.requeue_after_seconds)
        return min((pause for pause in pauses if pause is not None), default=None)

    async def _start(self, case: kinds.Case) -> kinds.Case:
        manifest = case.build_job()
        try:
            await self._isolation.ensure(case.seen.key.namespace)
            if case.spans_nodes:
                await self._node_objects.create_secret(case.seen.key, case.seen.uid)
            created = await apply.create_job(self._cluster, self._store, manifest)
        except refusals.REFUSALS as error:
            refusal = refusals.explain_refusal(error, manifest)
            return replace(case, decision=refusals.decide_refused(case.seen, case.decision, refusal))
        if case.spans_nodes:
            await self._node_objects.keep(reading.parse_job(created))
        return case.record_job(reading.read_identity(JOBS.kind, created).uid)
