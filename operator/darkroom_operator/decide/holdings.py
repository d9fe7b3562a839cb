"""What an attempt's pods held: the `allocated` meter, where an attempt runs, and when its container began and ended.

Container times are the kubelet's; while a container works, its time is counted up to the trainer's last answer, so that
nothing is written in between. A known end is exact and replaces the estimate. A pod that vanished is counted until it
was last seen. Every pod is counted once, by its uid: a Job that a queue evicted continues with another pod, and what
earlier ones held is kept in `Attempt.earlier_pods_seconds`.

An attempt on several nodes is where its pod of index 0 is. Only that one is asked, and its answers stand for the
others, which work for as long as it does. What each of those held is kept in `Attempt.worker_seconds` for as long as
its pod is there, and in `earlier_pods_seconds` from then on. Must not judge how an attempt ended.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from darkroom_api.v1alpha1.common import Attempt
from darkroom_operator.facts.children import ObservedPod
from darkroom_operator.facts.views import Observed

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


def sum_allocated(before: tuple[Attempt, ...], after: tuple[Attempt, ...], total_before: float) -> float:
    """Return what all attempts held, also those that the status remembers no more, in reference-device seconds."""
    forgotten = total_before - sum(attempt.allocated_seconds or 0.0 for attempt in before)
    return round(max(forgotten, 0.0) + sum(attempt.allocated_seconds or 0.0 for attempt in after), 1)


def sort_pods(pods: Iterable[ObservedPod]) -> list[ObservedPod]:
    """Return pods in the order in which they were made; of those made at the same time, one that works comes last."""
    return sorted(pods, key=lambda pod: (pod.created_at or _LONG_AGO, not pod.over, pod.resource_version))


def format_time(moment: datetime) -> str:
    """Return a moment as Kubernetes writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def observe_pods(
    attempt: Attempt, pods: Iterable[ObservedPod], rate: float, deadline_seconds: float, seen: Observed[Any, Any]
) -> Attempt:
    """Return the attempt with what its pods show; `pods` are its own, in the order in which they were made.

    `rate` is what one second of one costs where the attempt does not say (an earlier version opened it); an estimate
    beyond the deadline comes from a clock that jumped.
    """
    if attempt.devices is not None and attempt.milli_rate is not None:
        rate = attempt.devices * attempt.milli_rate / 1000
    own = tuple(pods)
    leading = tuple(pod for pod in own if pod.leads)
    if attempt.nodes is None:
        return _observe_leading(attempt, leading, rate, deadline_seconds, seen)
    workers = tuple(pod for pod in own if not pod.leads)
    led = _observe_leading(_set_workers_aside(attempt, workers), leading, rate, deadline_seconds, seen)
    until = _find_last_sign(leading, seen)
    held = {
        pod.uid: round(_measure(pod, until, rate, deadline_seconds, seen, _find_held(attempt, pod)), 1)
        for pod in workers
        if pod.started_at is not None
    }
    total = round((led.allocated_seconds or 0.0) + sum(held.values()), 1)
    return led.model_copy(update={"worker_seconds": held or None, "allocated_seconds": total or None})


def _observe_leading(
    attempt: Attempt, pods: tuple[ObservedPod, ...], rate: float, deadline_seconds: float, seen: Observed[Any, Any]
) -> Attempt:
    placed = [pod for pod in pods if pod.node is not None]
    uids = [pod.uid for pod in placed]
    if attempt.pod_uid in uids:
        placed = placed[uids.index(attempt.pod_uid) :]
    elif attempt.pod_uid is not None:
        placed = placed[-1:]
    for pod in placed:
        attempt = _observe_pod(attempt, pod, rate, deadline_seconds, seen)
    return attempt


def _observe_pod(
    attempt: Attempt, pod: ObservedPod, rate: float, deadline_seconds: float, seen: Observed[Any, Any]
) -> Attempt:
    total, earlier = attempt.allocated_seconds or 0.0, attempt.earlier_pods_seconds or 0.0
    if attempt.pod_uid not in (None, pod.uid):
        earlier = total
    update: dict[str, object] = {
        "pod_uid": pod.uid,
        "node": pod.node or attempt.node,
        "earlier_pods_seconds": round(earlier, 1) if earlier else None,
    }
    if pod.started_at is not None:
        answered = seen.report.polled_at if seen.report is not None and seen.report.pod_uid == pod.uid else None
        held = _measure(pod, answered, rate, deadline_seconds, seen, total - earlier)
        update |= {
            "started_at": format_time(pod.started_at),
            "finished_at": format_time(pod.finished_at) if pod.finished_at else None,
            "allocated_seconds": round(earlier + held, 1),
        }
    return attempt.model_copy(update=update)


def _set_workers_aside(attempt: Attempt, workers: tuple[ObservedPod, ...]) -> Attempt:
    """Return the attempt with what the leading pods held, and what workers held whose pods are there no more."""
    counted, present = attempt.worker_seconds or {}, {pod.uid for pod in workers}
    left = sum(seconds for uid, seconds in counted.items() if uid not in present)
    total = (attempt.allocated_seconds or 0.0) - sum(counted.values()) + left
    earlier = (attempt.earlier_pods_seconds or 0.0) + left
    update = {"allocated_seconds": round(total, 1) or None, "earlier_pods_seconds": round(earlier, 1) or None}
    return attempt.model_copy(update=update)


def _find_held(attempt: Attempt, pod: ObservedPod) -> float:
    return (attempt.worker_seconds or {}).get(pod.uid, 0.0)


def _find_last_sign(leading: tuple[ObservedPod, ...], seen: Observed[Any, Any]) -> datetime | None:
    """Return until when the attempt is known to have worked: its workers end with the pod that leads them."""
    moments = [min(pod.finished_at, seen.now) for pod in leading if pod.finished_at is not None]
    moments += [seen.report.polled_at] if seen.report is not None else []
    return max(moments, default=None)


def _measure(
    pod: ObservedPod,
    answered: datetime | None,
    rate: float,
    deadline_seconds: float,
    seen: Observed[Any, Any],
    least: float,
) -> float:
    """Return what a pod held whose container has started; `answered` is the last sign of it, where there was one."""
    assert pod.started_at is not None
    if pod.finished_at is not None and pod.finished_at >= pod.started_at:
        return (pod.finished_at - pod.started_at).total_seconds() * rate
    last = answered if answered is not None and not (pod.over and not pod.leads) else pod.started_at
    if pod.deleted_at is not None and pod.deleted_at <= seen.now:
        last = max(last, pod.deleted_at)
    # A clock that was set back never makes it less than what was counted before.
    return max(min((last - pod.started_at).total_seconds(), deadline_seconds) * rate, least, 0.0)
