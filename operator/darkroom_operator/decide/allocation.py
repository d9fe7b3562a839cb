"""What hardware an attempt is given and for how long. It is decided once, when the attempt is opened, and recorded.

Owns the rules: how many devices the data can use, when the batch is halved, and the caps of the `allocated` meter:

- an attempt's container may work for what the budget leaves / rate + `START_UP_SECONDS` + the grace; past that the
  operator deletes its Job (second ring), and the pod's own deadline, later by the start timeout, ends it where the
  operator is down (third ring);
- so `allocated` <= budget + attempts x (START_UP_SECONDS + grace) x rate + work that ends without a checkpoint lost;
- there are at most 1 + `retries.disruptions` + `retries.failures` + `MEMORY_RETRIES` attempts, `retries.storage` more
  each time that work goes on, and one for each resume and for the publication after a cancel.

Must not know Jobs or pods.
"""

import math
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import Allocation, Attempt, Compute
from darkroom_operator.config import ComputeClass, OperatorConfig

START_UP_SECONDS: Final = 120
"""What a container may hold beyond its budget and the grace: resuming from a checkpoint is not charged."""
MIN_IMAGES_PER_DEVICE: Final = 32
"""A device with fewer images than one batch of them waits for the others more than it computes."""

EVALUATION_LIMIT_SECONDS: Final = 6 * 3600
INSPECTION_LIMIT_SECONDS: Final = 6 * 3600
"""No budget bounds Evaluations and inspections, so these do."""


def find_class(compute: Compute | None, config: OperatorConfig) -> tuple[str, ComputeClass]:
    """Return the compute class and its name; the default one where the named one is unknown (then a run is blocked)."""
    name = (compute.class_name if compute else None) or config.default_compute_class
    if name not in config.compute_classes:
        name = config.default_compute_class
    return name, config.compute_classes[name]


def choose_devices(compute: Compute | None, chosen: ComputeClass, images: int | None) -> int:
    """Return what was asked for, or fewer where the class allows fewer or the data cannot use them."""
    asked = (compute.devices if compute else None) or 1
    useful = asked if images is None else max(images // MIN_IMAGES_PER_DEVICE, 1)
    return min(asked, chosen.max_devices, useful)


def allocate_work(
    compute: Compute | None, images: int | None, work_seconds: float, config: OperatorConfig
) -> Allocation:
    """Return the allocation of an attempt that may do `work_seconds`, in reference-device seconds."""
    devices = choose_devices(compute, find_class(compute, config)[1], images)
    rate = devices * find_class(compute, config)[1].milli_rate / 1000
    return _allocate(compute, devices, work_seconds / rate, config)


def allocate_time(
    compute: Compute | None, images: int | None, wall_seconds: float, config: OperatorConfig
) -> Allocation:
    """Return the allocation of an attempt that may work for `wall_seconds` on any hardware."""
    devices = choose_devices(compute, find_class(compute, config)[1], images)
    return _allocate(compute, devices, wall_seconds, config)


def bound_seconds(wall_seconds: float, config: OperatorConfig) -> int:
    """Return how long a container may work that has work for `wall_seconds`."""
    return math.ceil(wall_seconds) + START_UP_SECONDS + config.grace_seconds


def find_rate(attempt: Attempt, otherwise: Allocation | None) -> float:
    """Return the reference-device seconds that one second of the attempt's container costs, as it was recorded.

    `otherwise` serves attempts that an earlier version opened, which recorded nothing; 0 for an inspection.
    """
    devices, milli_rate = attempt.devices, attempt.milli_rate
    if devices is None or milli_rate is None:
        return otherwise.devices * otherwise.milli_rate / 1000 if otherwise is not None else 0.0
    return devices * milli_rate / 1000


def find_batch_divisor(attempts: tuple[Attempt, ...]) -> int:
    """Return 2 for every attempt after one that ran out of memory."""
    return 2 if any(attempt.outcome == Reason.OUT_OF_MEMORY for attempt in attempts) else 1


def _allocate(compute: Compute | None, devices: int, wall_seconds: float, config: OperatorConfig) -> Allocation:
    name, chosen = find_class(compute, config)
    return Allocation(
        class_name=name,
        devices=devices,
        milli_rate=chosen.milli_rate,
        deadline_seconds=bound_seconds(wall_seconds, config),
    )
