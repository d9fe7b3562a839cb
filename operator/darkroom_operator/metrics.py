"""What Prometheus scrapes; the only module that imports prometheus_client.

Gauges by phase are counted from the store at each scrape, so a restart does not lose them. Counters and histograms
take the differences between an old and a written status: `charged` when an ended attempt's work is known to be kept,
`allocated` as the status grows. They start at 0 with each process, as counters do (`rate` and `increase` allow for it),
and since each difference is written and counted once, nothing is counted twice after a restart; the totals of a Model
are in its status. Of all names only those of namespaces are labels, and of these only the first `MOST_NAMESPACES`: each
label's value is another series, for good.
"""

from collections import Counter as Tally
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from darkroom_api.conditions import DatasetPhase, RunPhase
from darkroom_operator.api.resources import WARNINGS, WATCHED, Json, Key
from darkroom_operator.facts.views import StoredOwner
from darkroom_operator.observing.store import Store

MOST_NAMESPACES: Final = 200
OTHER_NAMESPACES: Final = "_other"
"""Stands for all further ones; no namespace is called so."""
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_PHASES: Final = {
    "Dataset": ("darkroom_datasets", "Datasets by phase.", tuple(DatasetPhase)),
    "Model": ("darkroom_models", "Models by phase.", tuple(RunPhase)),
    "Evaluation": ("darkroom_evaluations", "Evaluations by phase.", tuple(RunPhase)),
    "Prediction": ("darkroom_predictions", "Predictions by phase.", tuple(RunPhase)),
}
_WATCHED_KINDS: Final = tuple(resource.kind for resource in (*WATCHED, WARNINGS))
_WAITS: Final = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600)
_WORKS: Final = (10, 30, 60, 120, 300, 600, 1800, 3600, 2 * 3600, 4 * 3600, 12 * 3600, 24 * 3600)
_DURATIONS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


class Metrics:
    """The operator's metrics, in a registry of their own."""

    def __init__(self, store: Store, leads: Callable[[], bool] = lambda: True) -> None:
        self.registry = CollectorRegistry()
        self._namespaces = _Namespaces()
        self.registry.register(_PhaseCollector(store, self._namespaces, leads))
        ProcessCollector(registry=self.registry)
        self._queue = self._histogram(
            "darkroom_queue_seconds", "From a Model's creation to its first container.", _WAITS, ("namespace",)
        )
        self._training = self._histogram(
            "darkroom_training_seconds", "From first container to end.", _WORKS, ("namespace",)
        )
        self._charged = self._counter(
            "darkroom_charged_compute_seconds", "Kept work, in reference-device seconds.", ("namespace",)
        )
        self._allocated = self._counter(
            "darkroom_allocated_compute_seconds", "What containers held, likewise.", ("namespace",)
        )
        self._failures = self._counter(
            "darkroom_failures", "Ends in Failed or Invalid.", ("namespace", "kind", "reason")
        )
        self._reconciles = self._histogram(
            "darkroom_reconcile_duration_seconds", "How long a reconcile took.", _DURATIONS, ("kind",)
        )
        self._errors = self._counter("darkroom_reconcile_errors", "Reconciles that failed.", ("kind",))
        self._writes = self._counter("darkroom_api_writes", "Writes to the API server.", ("verb", "resource"))
        for kind in _PHASES:
            self._reconciles.labels(kind)
            self._errors.labels(kind)

    def render(self) -> bytes:
        """Return the text that a scrape gets."""
        return generate_latest(self.registry)

    def count_write(self, verb: str, resource: str) -> None:
        """Count a write to the API server."""
        self._writes.labels(verb, resource).inc()

    def count_error(self, kind: str) -> None:
        """Count a failed reconcile."""
        self._errors.labels(kind).inc()

    def observe_reconcile(self, kind: str, seconds: float) -> None:
        """Take in how long a reconcile took."""
        self._reconciles.labels(kind).observe(seconds)

    def observe_status(self, key: Key, before: Json, after: Json) -> None:
        """Take in a written status."""
        namespace = self._namespaces.find_label(key.namespace)
        if after.get("phase") in ("Failed", "Invalid") and before.get("phase") != after["phase"]:
            self._failures.labels(namespace, key.kind, str(after.get("reason"))).inc()
        if key.kind != "Model":
            return
        _observe_span(self._queue.labels(namespace), before, after, "queuedAt", "startedAt")
        _observe_span(self._training.labels(namespace), before, after, "startedAt", "completedAt")
        self._charged.labels(namespace).inc(max(_find_kept(after) - _find_kept(before), 0.0))
        self._allocated.labels(namespace).inc(max(_find_allocated(after) - _find_allocated(before), 0.0))

    def _counter(self, name: str, text: str, labels: Iterable[str]) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: Iterable[float], labels: Iterable[str]) -> Histogram:
        return Histogram(name, text, labels, buckets=tuple(buckets), registry=self.registry)


class _Namespaces:
    """The namespaces that have a label of their own: the same ones in every metric."""

    def __init__(self) -> None:
        self._named: set[str] = set()

    def find_label(self, namespace: str) -> str:
        """Return the value of the label `namespace`."""
        if len(self._named) < MOST_NAMESPACES:
            self._named.add(namespace)
        return namespace if namespace in self._named else OTHER_NAMESPACES


class _PhaseCollector(Collector):
    def __init__(self, store: Store, namespaces: _Namespaces, leads: Callable[[], bool]) -> None:
        self._store = store
        self._namespaces = namespaces
        self._leads = leads

    def collect(self) -> Iterable[Metric]:
        leads = self._leads()
        yield GaugeMetricFamily("darkroom_leader", "1 on the replica that leads, 0 on others.", value=float(leads))
        unreadable = CounterMetricFamily(
            "darkroom_unreadable_objects", "Versions of objects that could not be read.", labels=["kind"]
        )
        for kind in _WATCHED_KINDS:
            unreadable.add_metric([kind], self._store.unreadables.counts[kind])
        yield unreadable
        # One that stands by knows the objects too; it keeps silent, so that a sum over replicas counts each once.
        if not leads:
            return
        tally = Tally(self._place(owner) for owner in self._store.owners())
        for kind, (name, text, phases) in _PHASES.items():
            family = GaugeMetricFamily(name, text, labels=["namespace", "phase"])
            for namespace in sorted({where for seen, where, _ in tally if seen == kind}):
                for phase in phases:
                    family.add_metric([namespace, phase.value], tally[kind, namespace, phase.value])
            yield family

    def _place(self, owner: StoredOwner) -> tuple[str, str, str]:
        return owner.key.kind, self._namespaces.find_label(owner.key.namespace), str(owner.phase)


def _observe_span(histogram: Histogram, before: Json, after: Json, start: str, end: str) -> None:
    if before.get(end) is None and after.get(end) is not None and after.get(start) is not None:
        span = datetime.fromisoformat(after[end]) - datetime.fromisoformat(after[start])
        histogram.observe(max(span.total_seconds(), 0.0))


def _find_kept(status: Json) -> float:
    return max((attempt.get("chargedSeconds") or 0.0 for attempt in status.get("attempts", ())), default=0.0)


def _find_allocated(status: Json) -> float:
    return float((status.get("budget") or {}).get("allocatedSeconds") or 0.0)
