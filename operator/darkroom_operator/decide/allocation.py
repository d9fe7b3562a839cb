"""What an attempt is given, what it held, and what a Model is charged: hardware, deadline and both meters.

Hardware and deadline are decided once, when the attempt is opened, and recorded. Owns how many devices the data can
use, when the batch is halved, and the caps of the `allocated` meter:

- an attempt's container may work for what the budget leaves / rate + `START_UP_SECONDS` + the grace; past that the
  operator deletes its Job (second ring), and the pod's own deadline, later by the start timeout, ends it where the
  operator is down (third ring);
- so `allocated` <= budget + attempts x (START_UP_SECONDS + grace) x rate + work that ends without a checkpoint lost;
- there are at most 1 + `retries.disruptions` + `retries.failures` + `MEMORY_RETRIES` attempts, `retries.storage` more
  each time that work goes on, and one for each resume and for the publication after a cancel.

Container times are the kubelet's; while a container works, its time is counted up to the trainer's last answer, so that
nothing is written in between. A known end is exact and replaces that estimate. A pod that vanished is counted until it
was last seen. Every pod is counted once, by its uid: a Job that a queue evicted goes on with another pod, and what
earlier ones held is kept in `Attempt.earlier_pods_seconds`.

Must not know Jobs, nor how an attempt ended.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from darkroom_api.blockers import Blocker
from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import Allocation, Attempt, Compute
from darkroom_operator.config import ComputeClass, OperatorConfig
from darkroom_operator.facts.children import ObservedPod
from darkroom_operator.facts.views import Observed

START_UP_SECONDS: Final = 120
"""What a container may hold beyond its budget and the grace: resuming from a checkpoint is not charged."""
MIN_IMAGES_PER_DEVICE: Final = 32
"""A device with fewer images than one batch of them waits for the others more than it computes."""

EVALUATION_LIMIT_SECONDS: Final = 6 * 3600
INSPECTION_LIMIT_SECONDS: Final = 6 * 3600
"""No budget bounds Evaluations and inspections, so these do."""

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Hardware:
    """What a run is given now: a compute class, and as many of its devices as the data can use."""

    class_name: str
    compute: ComputeClass
    devices: int
    grace_seconds: int

    @property
    def rate(self) -> float:
        """Return the reference-device seconds that one second of a container costs."""
        return self.devices * self.compute.milli_rate / 1000

    def allow(self, budget_seconds: float | None, kept_seconds: float) -> Allocation:
        """Return the allocation of an attempt for what is left of a budget; None: a fixed time bounds the run."""
        wall_seconds: float = EVALUATION_LIMIT_SECONDS
        if budget_seconds is not None:
            wall_seconds = max(budget_seconds - kept_seconds, 1.0) / self.rate
        return Allocation(
            class_name=self.class_name,
            devices=self.devices,
            milli_rate=self.compute.milli_rate,
            deadline_seconds=bound_seconds(wall_seconds, self.grace_seconds),
        )


def choose_hardware(compute: Compute | None, images: int | None, config: OperatorConfig) -> Hardware:
    """Return what was asked for, or fewer devices where the class allows fewer or the data cannot use them.

    The default class stands in for an unknown one, whose run is blocked.
    """
    name = (compute.class_name if compute else None) or config.default_compute_class
    name = name if name in config.compute_classes else config.default_compute_class
    chosen = config.compute_classes[name]
    asked = (compute.devices if compute else None) or 1
    useful = asked if images is None else max(images // MIN_IMAGES_PER_DEVICE, 1)
    return Hardware(name, chosen, min(asked, chosen.max_devices, useful), config.grace_seconds)


def check_compute(compute: Compute | None, config: OperatorConfig) -> Blocker | None:
    """Return what is wrong with the class or the number of devices."""
    name = (compute.class_name if compute else None) or config.default_compute_class
    chosen = config.compute_classes.get(name)
    if chosen is None:
        known = ", ".join(f"`{known}`" for known in sorted(config.compute_classes))
        message = f"compute.class: this installation has no compute class `{name}`; it has {known}"
        return Blocker(Reason.INVALID_CONFIGURATION, message)
    devices = (compute.devices if compute else None) or 1
    if devices > chosen.max_devices:
        most = f"compute class `{name}` allows (at most {chosen.max_devices})"
        return Blocker(Reason.INVALID_CONFIGURATION, f"compute.devices: {devices} is more than {most}")
    return None


def bound_seconds(wall_seconds: float, grace_seconds: int) -> int:
    """Return how long a container may work that has work for `wall_seconds`."""
    return math.ceil(wall_seconds) + START_UP_SECONDS + grace_seconds


def find_batch_divisor(attempts: tuple[Attempt, ...]) -> int:
    """Return 2 for every attempt after one that ran out of memory."""
    return 2 if any(attempt.outcome == Reason.OUT_OF_MEMORY for attempt in attempts) else 1


def sum_kept(attempts: Iterable[Attempt]) -> float:
    """Return the work that is known to be kept, in reference-device seconds: the meter travels in the checkpoint."""
    return max((attempt.charged_seconds or 0.0 for attempt in attempts), default=0.0)


def sum_allocated(before: tuple[Attempt, ...], after: tuple[Attempt, ...], total_before: float) -> float:
    """Return what all attempts held, also those that the status remembers no more, in reference-device seconds."""
    forgotten = total_before - sum(attempt.allocated_seconds or 0.0 for attempt in before)
    return round(max(forgotten, 0.0) + sum(attempt.allocated_seconds or 0.0 for attempt in after), 1)


def sort_pods(pods: Iterable[ObservedPod]) -> list[ObservedPod]:
    """Return pods in the order in which they were made; of those made at the same time, one that works comes last."""
    return sorted(pods, key=lambda pod: (pod.created_at or _LONG_AGO, not pod.over, pod.resource_version))


def observe_pods(
    attempt: Attempt, pods: Iterable[ObservedPod], rate: float, deadline_seconds: float, seen: Observed[Any, Any]
) -> Attempt:
    """Return the attempt with what its pods show; `pods` are its own, in the order in which they were made.

    `rate` is what one second costs where the attempt does not say (an earlier version opened it); an estimate beyond
    the deadline comes from a clock that jumped.
    """
    if attempt.devices is not None and attempt.milli_rate is not None:
        rate = attempt.devices * attempt.milli_rate / 1000
    placed = [pod for pod in pods if pod.node is not None]
    uids = [pod.uid for pod in placed]
    if attempt.pod_uid in uids:
        placed = placed[uids.index(attempt.pod_uid) :]
    elif attempt.pod_uid is not None:
        placed = placed[-1:]
    for pod in placed:
        attempt = _observe_pod(attempt, pod, rate, deadline_seconds, seen)
    return attempt


def format_time(moment: datetime) -> str:
    """Return a moment as Kubernetes writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


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
        if pod.finished_at is not None and pod.finished_at >= pod.started_at:
            held = (pod.finished_at - pod.started_at).total_seconds() * rate
        else:
            seconds = (_find_last_seen(pod, pod.started_at, seen) - pod.started_at).total_seconds()
            # A clock that was set back never makes it less than what was counted before.
            held = max(min(seconds, deadline_seconds) * rate, total - earlier, 0.0)
        update |= {
            "started_at": format_time(pod.started_at),
            "finished_at": format_time(pod.finished_at) if pod.finished_at else None,
            "allocated_seconds": round(earlier + held, 1),
        }
    return attempt.model_copy(update=update)


def _find_last_seen(pod: ObservedPod, started_at: datetime, seen: Observed[Any, Any]) -> datetime:
    answered = seen.report.polled_at if seen.report is not None and seen.report.pod_uid == pod.uid else started_at
    lost = pod.deleted_at is not None and pod.deleted_at <= seen.now
    return max(answered, pod.deleted_at) if lost and pod.deleted_at is not None else answered
