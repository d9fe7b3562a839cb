"""An operator without its watches: store, audit and reconciler on an API server in memory.

Owns no expectation; news arrive when a test lets them.
"""

import asyncio
from typing import Any, Final

from darkroom_operator.api.resources import OWNERS_BY_KIND, WARNINGS, WATCHED, Key
from darkroom_operator.metrics import Metrics
from darkroom_operator.observing.progress import Poller
from darkroom_operator.observing.store import Store
from darkroom_operator.reconcile import Reconciler
from darkroom_operator.watching.audit import Audit
from tests.builders import a_config
from tests.unit.operator.fake_cluster import FakeCluster, Json

MODEL: Final = Key("Model", "vision", "fruit")


class Workbench:
    """A reconciler, its store and its cluster; news arrive when a test says so."""

    def __init__(self, cluster: FakeCluster | None = None) -> None:
        self.cluster = cluster or FakeCluster()
        self.triggered: set[Key] = set()
        self.configure()

    def configure(self, **changes: Any) -> None:
        """Begin with another configuration, as after an upgrade of the chart."""
        self.config = a_config(**{"trainerPolicy": {"enabled": False}, **changes})
        self.start()

    def start(self) -> None:
        """Begin with an empty memory, as after a crash."""
        self.store = Store()
        metrics = Metrics(self.store)
        poller = Poller(self.store, 10)
        cluster: Any = self.cluster
        self.audit = Audit(cluster, self.store, (), self.triggered.update)
        self.reconciler = Reconciler(cluster, self.store, self.config, metrics, poller, self.triggered.update)

    def hear(self) -> None:
        """Let every watch catch up."""
        for resource in WATCHED:
            stored = {item["metadata"]["uid"] for item in self._items(resource.plural)}
            for uid, identity in self.store.identities(resource).items():
                if uid not in stored:
                    self.store.drop(resource, identity)
            for item in self._items(resource.plural):
                self.store.put(resource, item)
        for item in self._items(WARNINGS.plural):
            self.store.put(WARNINGS, item)

    def reconcile(self, key: Key = MODEL, hear: bool = True) -> float | None:
        """Reconcile one object."""
        if hear:
            self.hear()
        return asyncio.run(self.reconciler.reconcile(key))

    def status(self, key: Key = MODEL) -> Json:
        """Return an object's status."""
        stored = self.cluster.objects[OWNERS_BY_KIND[key.kind].plural, key.namespace, key.name]
        status: Json = stored.get("status", {})
        return status

    def counted(self, *what: str) -> list[tuple[str, str, str]]:
        """Return the writes of these resources."""
        return [write for write in self.cluster.writes if write[1] in what]

    def _items(self, plural: str) -> list[Json]:
        return [item for (kind, _, _), item in self.cluster.objects.items() if kind == plural]
