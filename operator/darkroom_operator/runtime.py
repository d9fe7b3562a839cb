"""The running operator: store, queue, audit, poller and kopf's watches, wired to each other.

Owns the wiring, the tasks, and what leading means: only who leads hands out work and asks trainers. A replica that
stands by watches and keeps its store, so that it can take over at once; one that loses the lease stands by likewise,
since an API server that is away is no reason to forget everything. A task that ends, for whatever cause, ends the
operator.
"""

import asyncio
import gc
import logging
from typing import Final

import kopf
from aiohttp import web

from darkroom_operator import reconcile
from darkroom_operator.api.cluster import ClusterError, KubernetesCluster, NotLeaderError
from darkroom_operator.api.resources import Key
from darkroom_operator.config import OperatorConfig
from darkroom_operator.leadership import election, fence
from darkroom_operator.metrics import Metrics
from darkroom_operator.observing import progress
from darkroom_operator.observing.store import Store
from darkroom_operator.watching import audit, handlers, health, workqueue

logger = logging.getLogger(__name__)

WORKERS: Final = 32
CATCH_UP_SECONDS: Final = 1.0
DRAIN_SECONDS: Final = 5.0
"""How long a stopping leader waits for what it began, before it gives up the lease."""


class Operator:
    """All the parts."""

    def __init__(
        self,
        config: OperatorConfig,
        cluster: KubernetesCluster,
        candidacy: election.Election | election.NoElection,
        store: Store,
        metrics: Metrics,
        latch: fence.Fence,
    ) -> None:
        self._config = config
        self._cluster = cluster
        self._election = candidacy
        self._store = store
        self._metrics = metrics
        self._leads = latch.is_open
        self._poller = progress.Poller(store, config.progress_interval_seconds, leads=latch.is_open, clock=cluster.now)
        reconciler = reconcile.Reconciler(
            cluster, store, config, metrics, self._poller, lambda keys: self._queue.add(keys)
        )
        self._queue = workqueue.WorkQueue(reconciler.reconcile, self._tell_error)
        self._queue.pause()
        self._audit = audit.Audit(cluster, store, config.namespaces, self._queue.add)
        self._runners: list[web.AppRunner] = []

    @classmethod
    async def create(
        cls, config: OperatorConfig, kubeconfig: str | None, on_terms: fence.LeaseTerms | None
    ) -> "Operator":
        """Log in and put the parts together; raises ClusterError. Without terms it leads, and nobody is asked."""
        store = Store()
        latch = fence.Fence()
        metrics = Metrics(store, latch.is_open)
        identity = on_terms.identity if on_terms else None
        cluster = await KubernetesCluster.connect(kubeconfig, metrics.count_write, latch.is_open, identity)
        candidacy = election.Election(on_terms, cluster, latch) if on_terms else election.NoElection(latch)
        return cls(config, cluster, candidacy, store, metrics, latch)

    async def close(self) -> None:
        """Close ports and connections."""
        for runner in self._runners:
            await runner.cleanup()
        await self._cluster.close()

    async def run(self, health_port: int, metrics_port: int) -> int:
        """Run until a signal (0) or until a part ends (1)."""
        self._runners = await health.serve(self._audit, self._metrics, self._leads, health_port, metrics_port)
        await self._audit.fill()
        # Nearly all garbage here dies without cycles: leave out what is loaded, and look at the rest less often.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        logger.info("ready", extra={"objects": len(self._store.owners())})
        parts = [
            asyncio.create_task(self._election.run(), name="election"),
            asyncio.create_task(self._lead(), name="leadership"),
            asyncio.create_task(self._audit.run(), name="audit"),
            asyncio.create_task(self._poller.run(self._queue.add), name="poller"),
            *(asyncio.create_task(self._queue.work(), name=f"worker {n}") for n in range(WORKERS)),
        ]
        watches = asyncio.create_task(self._watch(), name="watches")
        done, _ = await asyncio.wait({watches, *parts}, return_when=asyncio.FIRST_COMPLETED)
        await self._stop()
        for task in {watches, *parts} - done:
            task.cancel()
        await asyncio.gather(watches, *parts, return_exceptions=True)
        return self._judge(watches, done)

    async def _lead(self) -> None:
        """Hand out work while this process leads."""
        while True:
            await self._election.wait_until_leading()
            try:
                await self._audit.catch_up()
            except ClusterError as error:
                logger.warning("cannot lead yet", extra={"error": str(error)})
                await asyncio.sleep(CATCH_UP_SECONDS)
                continue
            self._queue.add(self._store.find_unsettled())
            self._queue.resume()
            await self._election.wait_until_standing_by()
            self._queue.pause()

    async def _stop(self) -> None:
        """End what was begun, then let another lead at once. Calling it again does nothing."""
        self._queue.pause()
        await self._queue.drain(DRAIN_SECONDS)
        await self._election.resign()

    async def _watch(self) -> None:
        namespaces = self._config.namespaces
        await kopf.operator(
            registry=handlers.build_registry(self._cluster, self._stop),
            settings=handlers.build_settings(self._audit),
            standalone=True,
            clusterwide=not namespaces,
            namespaces=namespaces,
        )

    def _judge(self, watches: "asyncio.Task[None]", done: "set[asyncio.Task[None]]") -> int:
        """Kopf ends without an error on a signal only; anything else that ends is a failure."""
        failed = {task.get_name(): task.exception() for task in done if not task.cancelled()}
        if watches in done and failed.get("watches") is None:
            logger.info("stopped")
            return 0
        logger.error("a part of the operator ended", extra={"parts": {name: repr(why) for name, why in failed.items()}})
        return 1

    def _tell_error(self, key: Key, error: Exception, pause_seconds: float) -> None:
        if isinstance(error, NotLeaderError):
            logger.info("left to the leader", extra={"object": str(key)})
            return
        self._metrics.count_error(key.kind)
        logger.error(
            "reconcile failed: %s", error, exc_info=error, extra={"object": str(key), "pause_seconds": pause_seconds}
        )
