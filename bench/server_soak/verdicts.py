"""What the records of a soak say: each request counted once, and each line that is broken. Pure.

Owns the rules: which answers are right at which time, and which requests a kill may take.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from bench.server_soak.balancer import REFUSED
from bench.server_soak.callers import Call

SWITCH_SECONDS: Final = 5.0
"""In which an answer of the former version may still begin after the Model names another (docs/operations.md)."""
SLACK_SECONDS: Final = 0.25
"""By which a request that began after the kill may have gone to the dead process: its end is still on the way."""
MOST_GROWTH_MIB: Final = 100.0
"""Of the greatest memory of a process from the first third of the time to the last."""


class Fate(StrEnum):
    """What became of a request."""

    RIGHT = "answered"
    REFUSED = "connections refused by a replica that had just ended, connected again"
    KILLED = "lost in flight at a kill, seen as a closed connection"
    LOST = "lost otherwise"
    WRONG = "wrong answers"
    OLD = "answers of a version that was replaced"
    SERVER_ERROR = "5xx"
    OTHER = "other statuses"


ALLOWED: Final = (Fate.RIGHT, Fate.REFUSED, Fate.KILLED)


@dataclass(frozen=True)
class Published:
    """A version of a model, from when it was asked to be served, and when the API server had said that it is."""

    model: str
    name: str
    asked_at: float
    told_at: float
    answers: Sequence[Mapping[str, Any]]


def judge_call(call: Call, published: Sequence[Published], kills: Mapping[str, float]) -> Fate:
    """Return what became of a request; `published` is in order, `kills` are the times by replica."""
    if call.replica == REFUSED:
        return Fate.REFUSED
    if call.status is None:
        killed_at = kills.get(call.replica)
        was_killed = killed_at is not None and call.began - SLACK_SECONDS <= killed_at <= call.ended
        return Fate.KILLED if was_killed else Fate.LOST
    if call.status != 200:
        return Fate.SERVER_ERROR if call.status >= 500 else Fate.OTHER
    versions = [version for version in published if version.model == call.model]
    at = next((at for at, one in enumerate(versions) if one.name == call.answer.get("modelVersion")), None)
    if at is None or call.answer != versions[at].answers[call.picture] or versions[at].asked_at > call.ended:
        return Fate.WRONG
    later = versions[at + 1] if at + 1 < len(versions) else None
    is_old = later is not None and call.began > later.told_at + SWITCH_SECONDS
    return Fate.OLD if is_old else Fate.RIGHT


def find_slowest_switch(calls: Sequence[Call], published: Sequence[Published]) -> float:
    """Return the most seconds after which a request began that a former version has answered."""
    successors = {}
    for version in published:
        former = [one for one in published if one.model == version.model and one.asked_at < version.asked_at]
        if former:
            successors[former[-1].name] = version.told_at
    late = [
        call.began - successors[call.answer["modelVersion"]]
        for call in calls
        if call.status == 200 and call.answer.get("modelVersion") in successors
    ]
    return max([0.0, *late])


def find_times_ms(calls: Sequence[Call]) -> tuple[float, float]:
    """Return p50 and p99 of the answered requests."""
    times = [call.ended - call.began for call in calls if call.status == 200]
    cuts = statistics.quantiles(times, n=100) if len(times) > 1 else [0.0] * 99
    return cuts[49] * 1000, cuts[98] * 1000


def find_growth_mib(samples: Sequence[tuple[float, float]]) -> float:
    """Return by how much the greatest memory of the last third of the time is above that of the first."""
    began, ended = min(at for at, _ in samples), max(at for at, _ in samples)
    third = (ended - began) / 3
    first = max(size for at, size in samples if at <= began + third)
    return max(size for at, size in samples if at >= ended - third) - first
