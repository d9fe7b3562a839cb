"""What the pods of an attempt held: the `allocated` meter.

Owns the sums. Container times are the kubelet's; while a container works, its time is counted up to the trainer's last
answer, so that nothing is written in between. A known end is exact and replaces that estimate. A pod that vanished is
counted until it was last seen.

Every pod is counted once, by its uid: a Job that a queue evicted goes on with another pod, and what earlier ones held
is kept in `Attempt.earlier_pods_seconds`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from darkroom_api.v1alpha1.common import Attempt
from darkroom_operator.facts.children import ObservedPod
from darkroom_operator.facts.views import Report

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Sight:
    """How an attempt's pods are looked at."""

    rate: float
    """Reference devices that a running container holds."""
    deadline_seconds: float
    """An estimate beyond it comes from a clock that jumped."""
    report: Report | None
    now: datetime


def sort_pods(pods: Iterable[ObservedPod]) -> list[ObservedPod]:
    """Return pods in the order in which they were made; of those made at the same time, one that works comes last."""
    return sorted(pods, key=lambda pod: (pod.created_at or _LONG_AGO, not pod.over, pod.resource_version))


def observe_pods(attempt: Attempt, pods: Iterable[ObservedPod], sight: Sight) -> Attempt:
    """Return the attempt with what its pods show; `pods` are its own, in the order in which they were made."""
    placed = [pod for pod in pods if pod.node is not None]
    uids = [pod.uid for pod in placed]
    if attempt.pod_uid in uids:
        placed = placed[uids.index(attempt.pod_uid) :]
    elif attempt.pod_uid is not None:
        placed = placed[-1:]
    for pod in placed:
        attempt = _observe_pod(attempt, pod, sight)
    return attempt


def sum_allocated(before: tuple[Attempt, ...], after: tuple[Attempt, ...], total_before: float) -> float:
    """Return what all attempts held, also those that the status remembers no more, in reference-device seconds."""
    forgotten = total_before - sum(attempt.allocated_seconds or 0.0 for attempt in before)
    return round(max(forgotten, 0.0) + sum(attempt.allocated_seconds or 0.0 for attempt in after), 1)


def format_time(moment: datetime) -> str:
    """Return a moment as Kubernetes writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _observe_pod(attempt: Attempt, pod: ObservedPod, sight: Sight) -> Attempt:
    total, earlier = attempt.allocated_seconds or 0.0, attempt.earlier_pods_seconds or 0.0
    if attempt.pod_uid not in (None, pod.uid):
        earlier = total
    seen: dict[str, object] = {
        "pod_uid": pod.uid,
        "node": pod.node or attempt.node,
        "earlier_pods_seconds": round(earlier, 1) if earlier else None,
    }
    if pod.started_at is not None:
        held = _measure(pod, max(total - earlier, 0.0), sight)
        seen |= {
            "started_at": format_time(pod.started_at),
            "finished_at": format_time(pod.finished_at) if pod.finished_at else None,
            "allocated_seconds": round(earlier + held, 1),
        }
    return attempt.model_copy(update=seen)


def _measure(pod: ObservedPod, previous: float, sight: Sight) -> float:
    """Return what the pod held. A clock that was set back never makes it less than what was counted before."""
    assert pod.started_at is not None
    if pod.finished_at is not None and pod.finished_at >= pod.started_at:
        return (pod.finished_at - pod.started_at).total_seconds() * sight.rate
    seconds = (_find_last_seen(pod, sight) - pod.started_at).total_seconds()
    return max(min(seconds, sight.deadline_seconds) * sight.rate, previous, 0.0)


def _find_last_seen(pod: ObservedPod, sight: Sight) -> datetime:
    assert pod.started_at is not None
    told = sight.report.polled_at if sight.report is not None and sight.report.pod_uid == pod.uid else pod.started_at
    lost = pod.deleted_at is not None and pod.deleted_at <= sight.now
    return max(told, pod.deleted_at) if lost and pod.deleted_at is not None else told
