"""What hardware an attempt is given and for how long.

It is decided once, when the attempt is opened, and recorded. Owns how many devices the data can use, when the batch is
halved, and the caps of the `allocated` meter:

- an attempt's container may work for what the budget leaves / rate + `START_UP_SECONDS` + the grace; past that the
  operator deletes its Job (second ring), and the pod's own deadline, later by the start timeout, ends it where the
  operator is down (third ring);
- the pods of an attempt on several nodes may work for as long as one alone would need, as the others may be lost; the
  second ring takes as many as take part by the last report, and `JOIN_SECONDS` for their meeting are added to both;
- so `allocated` <= budget + attempts x (START_UP_SECONDS + grace) x rate + work that ends without a checkpoint lost;
- there are at most 1 + `retries.disruptions` + `retries.failures` + `MEMORY_RETRIES` attempts, `retries.storage` more
  each time that work was kept in between, and one for each resume and for the publication after a cancel.

Must not know Jobs or pods.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from darkroom_api.blockers import Blocker
from darkroom_api.conditions import Reason
from darkroom_api.durations import parse_duration
from darkroom_api.run_config import JOIN_SECONDS
from darkroom_api.v1alpha1.common import Allocation, Attempt, Compute
from darkroom_api.v1alpha1.model import TrainingCompute
from darkroom_operator.config import ComputeClass, OperatorConfig

START_UP_SECONDS: Final = 120
"""What a container may hold beyond its budget and the grace: resuming from a checkpoint is not charged."""
MIN_IMAGES_PER_DEVICE: Final = 32
"""A device with fewer images than one batch of them waits for the others more than it computes."""


@dataclass(frozen=True)
class TimeLimit:
    """How long the container of a run without a budget may work, and what is said of one that takes longer."""

    seconds: int
    message: str


@dataclass(frozen=True)
class Hardware:
    """What a run is given now: a compute class, and as many of its devices as the data can use."""

    class_name: str
    compute: ComputeClass
    devices: int
    """Of each pod."""
    grace_seconds: int
    nodes: int = 1
    """Pods that train together."""
    min_nodes: int = 1
    """So many of them are enough to begin."""

    @property
    def rate(self) -> float:
        """Return the reference-device seconds that one second of one container costs."""
        return self.devices * self.compute.milli_rate / 1000

    def allow(
        self, budget_seconds: float | None, time_limit: TimeLimit | None, attempts: Iterable[Attempt]
    ) -> Allocation:
        """Return the allocation of an attempt after these; a run without a budget has a time limit.

        Only work that an ended attempt is known to have kept counts as done: what a lost attempt did is refunded.
        """
        if budget_seconds is not None:
            wall_seconds = max(budget_seconds - find_kept_seconds(attempts), 1.0) / self.rate
        else:
            assert time_limit is not None
            wall_seconds = time_limit.seconds
        several = self.nodes > 1
        return Allocation(
            class_name=self.class_name,
            devices=self.devices,
            nodes=self.nodes if several else None,
            min_nodes=self.min_nodes if several else None,
            milli_rate=self.compute.milli_rate,
            deadline_seconds=bound_seconds(wall_seconds, self.grace_seconds) + (JOIN_SECONDS if several else 0),
        )

    def find_deadline(self, given: Allocation, taking_part: int | None) -> float:
        """Return for how many seconds an attempt's container may work; fewer the more nodes take part.

        `taking_part` is what a trainer on several nodes last reported, None where it did not; `given` is for one.
        """
        if given.nodes is None or not taking_part or taking_part < 1:
            return float(given.deadline_seconds)
        beside = START_UP_SECONDS + self.grace_seconds + JOIN_SECONDS
        return max(given.deadline_seconds - beside, 0) / min(taking_part, given.nodes) + beside


def find_kept_seconds(attempts: Iterable[Attempt]) -> float:
    """Return the work that attempts are known to have kept, in reference-device seconds; each tells of all so far."""
    return max((attempt.charged_seconds or 0.0 for attempt in attempts), default=0.0)


def limit_evaluation(namespace: str, config: OperatorConfig) -> TimeLimit:
    """Return how long an Evaluation may work."""
    words = "the Evaluation did not end within {}; use a smaller Dataset or a faster compute class"
    return _limit_time("maxEvaluationTime", config.find_limits(namespace).max_evaluation_time, words, namespace)


def limit_prediction(namespace: str, config: OperatorConfig) -> TimeLimit:
    """Return how long a Prediction may work."""
    words = "the Prediction did not end within {}; answer fewer images at once or use a faster compute class"
    return _limit_time("maxPredictionTime", config.find_limits(namespace).max_prediction_time, words, namespace)


def limit_inspection(namespace: str, config: OperatorConfig) -> TimeLimit:
    """Return how long an inspection may work."""
    words = "the inspection did not end within {}; use a smaller Dataset"
    return _limit_time("maxInspectionTime", config.find_limits(namespace).max_inspection_time, words, namespace)


def _limit_time(field: str, time: str, words: str, namespace: str) -> TimeLimit:
    most = f"{time}, the most in namespace `{namespace}`, and was stopped"
    return TimeLimit(parse_duration(time), f"limits.{field}: {words.format(most)}, or ask the administrator for more.")


def choose_hardware(compute: Compute | None, images: int | None, config: OperatorConfig) -> Hardware:
    """Return what was asked for, or fewer devices where the class allows fewer or the data cannot use them.

    Fewer nodes likewise. The default class stands in for an unknown one, whose run is blocked.
    """
    name = (compute.class_name if compute else None) or config.default_compute_class
    name = name if name in config.compute_classes else config.default_compute_class
    chosen = config.compute_classes[name]
    asked, (most, least) = (compute.devices if compute else None) or 1, count_nodes(compute)
    useful = asked * most if images is None else max(images // MIN_IMAGES_PER_DEVICE, 1)
    devices = min(asked, chosen.max_devices, useful)
    nodes = min(most, chosen.max_nodes, useful // devices)
    return Hardware(name, chosen, devices, config.grace_seconds, nodes, min(least, nodes))


def count_nodes(compute: Compute | None) -> tuple[int, int]:
    """Return how many nodes a run asks for, and how many are enough for it to begin; only trainings have several."""
    if not isinstance(compute, TrainingCompute):
        return 1, 1
    nodes = compute.nodes or 1
    return nodes, compute.min_nodes or nodes


def check_compute(compute: Compute | None, config: OperatorConfig) -> Blocker | None:
    """Return what is wrong with the class or the number of devices or nodes."""
    name = (compute.class_name if compute else None) or config.default_compute_class
    chosen = config.compute_classes.get(name)
    if chosen is None:
        known = ", ".join(f"`{known}`" for known in sorted(config.compute_classes))
        message = f"compute.class: this installation has no compute class `{name}`; use one of {known}."
        return Blocker(Reason.INVALID_CONFIGURATION, message)
    devices = (compute.devices if compute else None) or 1
    if devices > chosen.max_devices:
        most = f"compute class `{name}` allows; ask for at most {chosen.max_devices}."
        return Blocker(Reason.INVALID_CONFIGURATION, f"compute.devices: {devices} is more than {most}")
    nodes, _ = count_nodes(compute)
    if nodes > chosen.max_nodes:
        most = f"compute class `{name}` allows; ask for at most {chosen.max_nodes}."
        return Blocker(Reason.INVALID_CONFIGURATION, f"compute.nodes: {nodes} is more than {most}")
    return None


def bound_seconds(wall_seconds: float, grace_seconds: int) -> int:
    """Return how long a container may work that has work for `wall_seconds`."""
    return math.ceil(wall_seconds) + START_UP_SECONDS + grace_seconds


def find_batch_divisor(attempts: tuple[Attempt, ...]) -> int:
    """Return 2 for every attempt after one that ran out of memory."""
    return 2 if any(attempt.outcome == Reason.OUT_OF_MEMORY for attempt in attempts) else 1
