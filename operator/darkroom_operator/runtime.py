"""The running operator: store, queue, audit, poller and kopf's watches, wired to each other.

Owns the wiring and the tasks. A task that ends, for whatever cause, ends the operator.
"""

import asyncio
import gc
import logging
from typing import Any, Final

import kopf
from aiohttp import web

from darkroom_operator import audit, handlers, health, progress, reconcile, scheduler, workqueue
from darkroom_operator.cluster import KubernetesCluster
from darkroom_operator.config import OperatorConfig
from darkroom_operator.metrics import Metrics
from darkroom_operator.resources import Key, Resource
from darkroom_operator.store import Store

logger = logging.getLogger(__name__)

WORKERS: Final = 32


class Operator:
    """All the parts."""

    def __init__(self, config: OperatorConfig, cluster: KubernetesCluster, store: Store, metrics: Metrics) -> None:
        self._config = config
        self._cluster = cluster
        self._store = store
        self._metrics = metrics
        self._poller = progress.Poller(store, config.progress_interval_seconds)
        reconciler = reconcile.Reconciler(
            cluster, store, config, metrics, self._poller, lambda keys: self._queue.add(keys)
        )
        self._scheduler = scheduler.Scheduler()
        self._queue = workqueue.WorkQueue(reconciler.reconcile, self._tell_error, self._scheduler)
        self._audit = audit.Audit(cluster, store, config.namespaces, self._queue.add)
        self._runners: list[web.AppRunner] = []

    @classmethod
    async def create(cls, config: OperatorConfig, kubeconfig: str | None) -> "Operator":
        """Log in and put the parts together; raises ClusterError."""
        store = Store()
        metrics = Metrics(store)
        cluster = await KubernetesCluster.connect(kubeconfig, metrics.count_write)
        return cls(config, cluster, store, metrics)

    async def close(self) -> None:
        """Close ports and connections."""
        for runner in self._runners:
            await runner.cleanup()
        await self._cluster.close()

    async def run(self, health_port: int, metrics_port: int) -> int:
        """Run until a signal (0) or until a part ends (1)."""
        self._runners = await health.serve(self._audit, self._metrics, health_port, metrics_port)
        await self._audit.fill()
        _calm_garbage_collector()
        logger.info("ready", extra={"objects": len(list(self._store.owners()))})
        parts = [
            asyncio.create_task(self._audit.run(), name="audit"),
            asyncio.create_task(self._scheduler.run(self._queue.add), name="scheduler"),
            asyncio.create_task(self._poller.run(self._queue.add), name="poller"),
            *(asyncio.create_task(self._queue.work(), name=f"worker {n}") for n in range(WORKERS)),
        ]
        watches = asyncio.create_task(self._watch(), name="watches")
        done, _ = await asyncio.wait({watches, *parts}, return_when=asyncio.FIRST_COMPLETED)
        for task in {watches, *parts} - done:
            task.cancel()
        await asyncio.gather(watches, *parts, return_exceptions=True)
        return self._judge(watches, done)

    async def _watch(self) -> None:
        namespaces = self._config.namespaces
        await kopf.operator(
            registry=handlers.build_registry(self._take_in, self._cluster),
            settings=handlers.build_settings(),
            standalone=True,
            clusterwide=not namespaces,
            namespaces=namespaces,
        )

    def _take_in(self, resource: Resource, event_type: str | None, raw: dict[str, Any]) -> None:
        change = self._store.remove if event_type == "DELETED" else self._store.put
        self._queue.add(change(resource, raw))

    def _judge(self, watches: "asyncio.Task[None]", done: "set[asyncio.Task[None]]") -> int:
        """Kopf ends without an error on a signal only; anything else that ends is a failure."""
        failed = {task.get_name(): task.exception() for task in done if not task.cancelled()}
        if watches in done and failed.get("watches") is None:
            logger.info("stopped")
            return 0
        logger.error("a part of the operator ended", extra={"parts": {name: repr(why) for name, why in failed.items()}})
        return 1

    def _tell_error(self, key: Key, error: BaseException, pause_seconds: float) -> None:
        self._metrics.count_error(key.kind)
        logger.error(
            "reconcile failed: %s", error, exc_info=error, extra={"object": str(key), "pause_seconds": pause_seconds}
        )


def _calm_garbage_collector() -> None:
    """Look at the modules' objects no more, and less often at the rest: nearly all garbage here dies without cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
