"""What Prometheus scrapes of the server; the only module of it that imports prometheus_client.

Each label's value is another series for good, and callers choose names: only Models that exist are told by name, and of
these only the first MOST_MODELS.
"""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

MOST_MODELS: Final = 200
MOST_NAMESPACES: Final = 200
OTHER: Final = "_other"
"""Stands for all further Models, and for those that do not exist; no object is called so."""
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class ServerMetrics:
    """The server's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._named: set[tuple[str, str]] = set()
        self._namespaces: set[str] = set()
        labels = ("namespace", "model", "code")
        self._predictions = Counter(
            "darkroom_predictions", "Predictions by HTTP status.", labels, registry=self.registry
        )
        self._seconds = Histogram(
            "darkroom_prediction_seconds",
            "From the whole request to the answer, waiting included.",
            labels[:2],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._bytes = Counter("darkroom_image_bytes", "Bytes of images that were predicted.", registry=self.registry)
        self._waiting = self._gauge("darkroom_waiting_predictions", "Predictions that wait for a free thread.")
        self._loaded = self._gauge("darkroom_loaded_models", "Models in memory.")
        self._loaded_bytes = self._gauge("darkroom_loaded_model_bytes", "Size of their files.")
        self._unreadable = Counter(
            "darkroom_unreadable_objects",
            "Objects left out since they cannot be read.",
            ("kind",),
            registry=self.registry,
        )

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self.registry)

    def follow(self, waiting: Callable[[], int], loaded: Callable[[], int], loaded_bytes: Callable[[], int]) -> None:
        """Ask these at each scrape."""
        self._waiting.set_function(waiting)
        self._loaded.set_function(loaded)
        self._loaded_bytes.set_function(loaded_bytes)

    def count_prediction(self, namespace: str, model: str | None, code: int, seconds: float, num_bytes: int) -> None:
        """Count one; `model` is None where there is no such Model."""
        place = self._name(namespace, model)
        self._predictions.labels(*place, str(code)).inc()
        self._bytes.inc(num_bytes)
        if code < 400:
            self._seconds.labels(*place).observe(seconds)

    def _name(self, namespace: str, model: str | None) -> tuple[str, str]:
        if namespace not in self._namespaces:
            if len(self._namespaces) >= MOST_NAMESPACES:
                return OTHER, OTHER
            self._namespaces.add(namespace)
        place = (namespace, model or OTHER)
        if model is None or place in self._named:
            return place
        if len(self._named) >= MOST_MODELS:
            return namespace, OTHER
        self._named.add(place)
        return place

    def count_unreadable(self, kind: str) -> None:
        """Count an object that was left out."""
        self._unreadable.labels(kind).inc()

    def render(self) -> bytes:
        """Return the text that a scrape gets."""
        return generate_latest(self.registry)
