"""What an API server and an operator count of themselves: requests, watches and reconciles.

Owns the reading of their metrics. Must not measure by itself.
"""

import re
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bench.clusters.control_plane import ControlPlane, read

OURS: Final = frozenset(
    {"datasets", "models", "evaluations", "predictions", "jobs", "pods", "events", "networkpolicies"}
)
KUEUES: Final = frozenset({"localqueues", "workloads"})
WATCHED: Final = OURS - {"networkpolicies"}
WRITES: Final = frozenset({"POST", "PUT", "PATCH", "APPLY", "DELETE"})
SAMPLE: Final = re.compile(r"^(\w+)\{(.*)\} (\S+)$")
LABEL: Final = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Requests:
    """Requests that were answered, by resource and verb."""

    counts: Counter[tuple[str, str]]

    def __sub__(self, earlier: "Requests") -> "Requests":
        """Return those since an earlier reading."""
        return Requests(self.counts - earlier.counts)

    @property
    def writes(self) -> int:
        """Return how many changed something."""
        return sum(n for (_, verb), n in self.counts.items() if verb in WRITES)

    @property
    def reads_of_one(self) -> int:
        """Return how many read a single object of the operator's own."""
        return sum(n for (resource, verb), n in self.counts.items() if verb == "GET" and resource in OURS)

    @property
    def lists(self) -> int:
        """Return how many read a page of a list."""
        return sum(n for (resource, verb), n in self.counts.items() if verb == "LIST" and resource in OURS)

    @property
    def queue_reads(self) -> int:
        """Return how many read LocalQueues or Workloads."""
        return sum(n for (resource, verb), n in self.counts.items() if verb in ("GET", "LIST") and resource in KUEUES)


@dataclass(frozen=True)
class Reconciles:
    """How many reconciles took at most how long: cumulative, by the upper bound in seconds."""

    buckets: Counter[float]

    def __sub__(self, earlier: "Reconciles") -> "Reconciles":
        """Return those since an earlier reading."""
        return Reconciles(self.buckets - earlier.buckets)

    @property
    def count(self) -> int:
        """Return how many there were."""
        return self.buckets[float("inf")]

    def quantile(self, share: float) -> float:
        """Return the upper bound of the bucket in which a quantile lies, in seconds."""
        return next((bound for bound in sorted(self.buckets) if self.buckets[bound] >= share * self.count), 0.0)


def read_requests(plane: ControlPlane) -> Requests:
    """Return what the API server has answered so far of what an operator asks for."""
    counts: Counter[tuple[str, str]] = Counter()
    for labels, value in read_samples(read(plane, "/metrics"), "apiserver_request_total"):
        if labels["resource"] in OURS | KUEUES:
            counts[labels["resource"], labels["verb"]] += int(value)
    return Requests(counts)


def count_watches(plane: ControlPlane) -> int:
    """Return how many watches are open of what the operator watches."""
    samples = read_samples(read(plane, "/metrics"), "apiserver_longrunning_requests")
    return int(sum(n for labels, n in samples if labels["verb"] == "WATCH" and labels["resource"] in WATCHED))


def read_reconciles(address: str) -> Reconciles:
    """Return how long the reconciles of an operator took so far, of every kind; raises OSError."""
    with urllib.request.urlopen(address, timeout=30) as answer:
        text = answer.read().decode()
    buckets: Counter[float] = Counter()
    for labels, value in read_samples(text, "darkroom_reconcile_duration_seconds_bucket"):
        buckets[float(labels["le"])] += int(value)
    return Reconciles(buckets)


def read_samples(text: str, name: str) -> Iterator[tuple[dict[str, str], float]]:
    """Yield the series of a metric, each with its labels and its value."""
    for line in text.splitlines():
        sample = SAMPLE.match(line) if line.startswith(f"{name}{{") else None
        if sample is not None:
            yield dict(LABEL.findall(sample[2])), float(sample[3])
