"""The ledger of attempts: which there were, how each ended, what each held, and whether another may start.

Owns retries and their pauses. What must outlive the Jobs is in `status.attempts`; the rest is derived from Jobs and
pods.

`Attempt.charged_seconds` is the trainer's meter at the end of that attempt. The meter travels in the checkpoint and
covers all attempts so far, so the greatest of them is the work that is known to be kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from darkroom_api import names
from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import Attempt
from darkroom_operator.children import ObservedJob, ObservedPod
from darkroom_operator.config import RetriesConfig
from darkroom_operator.decide.ends import SETTLE_SECONDS, End, Ending, EndKind, classify_end

MAX_ATTEMPTS: Final = 10
"""What a status keeps."""

_FREE: Final = frozenset({EndKind.DISRUPTED, EndKind.STOPPED, EndKind.STORAGE})


class Stage(StrEnum):
    """Where the attempts of a run are."""

    IDLE = "idle"
    """None is open: the next may start now."""
    PAUSED = "paused"
    """None is open: the next starts after a pause."""
    OPEN = "open"
    """One is waiting for its container, working or stopping."""
    ENDED = "ended"
    """None is open and none follows."""


@dataclass(frozen=True)
class History:
    """What the ledger is made from. Jobs and pods are the ones of this run (and generation) only."""

    recorded: tuple[Attempt, ...]
    owner_name: str
    uid: str
    jobs: tuple[ObservedJob, ...]
    pods: tuple[ObservedPod, ...]
    all_numbers: tuple[int, ...]
    """Numbers of every Job that exists, also of those that are not of this generation."""
    rate: float
    """Reference devices that a running container holds."""
    wall_limit_seconds: float | None
    stop_requested: bool
    measured_at: datetime | None
    """Until when an open attempt's allocation is counted; it stands still in between, so that nothing is written."""
    now: datetime


@dataclass(frozen=True)
class Ledger:
    """The attempts, brought up to date."""

    attempts: tuple[Attempt, ...]
    stage: Stage
    next_number: int
    end: End | None = None
    """How the last attempt ended, when that was only learned now."""
    not_before: datetime | None = None
    job: ObservedJob | None = None
    pod: ObservedPod | None = None

    @property
    def kept_seconds(self) -> float:
        """Return the work that is known to be kept, in reference-device seconds."""
        return max((attempt.charged_seconds or 0.0 for attempt in self.attempts), default=0.0)

    @property
    def first_started_at(self) -> datetime | None:
        """Return when the first container of the remembered attempts started."""
        starts = [attempt.started_at for attempt in self.attempts if attempt.started_at]
        return datetime.fromisoformat(min(starts)) if starts else None


def assess_attempts(history: History, retries: RetriesConfig) -> Ledger:
    """Return the ledger: open attempts updated, ended ones closed, and what may follow."""
    updated = [_update(attempt, history) for attempt in _with_unrecorded(history)]
    attempts = _trim([attempt for attempt, _ in updated])
    number = max((*history.all_numbers, *(attempt.number for attempt in attempts)), default=0) + 1
    end = updated[-1][1] if updated else None
    if attempts and attempts[-1].outcome is None:
        job, pod = find_children(history, attempts[-1])
        return Ledger(attempts, Stage.OPEN, number, end, job=job, pod=pod)
    ledger = Ledger(attempts, Stage.IDLE, number, end)
    return _pause(ledger, retries, history.now) if attempts else ledger


def find_children(history: History, attempt: Attempt) -> tuple[ObservedJob | None, ObservedPod | None]:
    """Return an attempt's Job and pod."""
    job = next((job for job in history.jobs if job.attempt == attempt.number), None)
    pods = [pod for pod in history.pods if pod.attempt == attempt.number and _belongs(pod, attempt, job)]
    alive = [pod for pod in pods if not pod.over]
    return job, next(iter(alive or sorted(pods, key=lambda pod: pod.resource_version, reverse=True)), None)


def _belongs(pod: ObservedPod, attempt: Attempt, job: ObservedJob | None) -> bool:
    """A pod counts only if the Job controls it or if it was recorded; labels alone are anybody's to set.

    Where neither is known any more (Job and pod went before the pod was written down), the labels must do.
    """
    if job is not None:
        return pod.job_uid == job.uid
    return pod.uid == attempt.pod_uid or (attempt.pod_uid is None and bool(pod.job_uid))


def find_leftovers(jobs: Iterable[ObservedJob], attempts: Iterable[Attempt]) -> tuple[ObservedJob, ...]:
    """Return the Jobs that may still work though nothing waits for them.

    A Job whose container has ended needs no deletion, even where the Job controller has not said so yet: it stays, with
    its log, until its time to live is over. One that a queue suspended would come back, so it goes.
    """
    ended = {attempt.number for attempt in attempts if attempt.exit_code is not None}
    working = (job for job in jobs if job.live and not job.deleting)
    return tuple(job for job in working if job.suspended or job.attempt not in ended)


def open_attempt(ledger: Ledger, job_name: str) -> tuple[Attempt, ...]:
    """Return the attempts with the next one opened."""
    return _trim([*ledger.attempts, Attempt(number=ledger.next_number, job=job_name)])


def sum_allocated(before: tuple[Attempt, ...], after: tuple[Attempt, ...], total_before: float) -> float:
    """Return what all attempts held, also those that the status remembers no more, in reference-device seconds."""
    forgotten = total_before - sum(attempt.allocated_seconds or 0.0 for attempt in before)
    return round(max(forgotten, 0.0) + sum(attempt.allocated_seconds or 0.0 for attempt in after), 1)


def count_ends(attempts: Iterable[Attempt], reason: Reason) -> int:
    """Return how many attempts ended with `reason`. Disruptions that were dropped from the list are counted too."""
    listed = list(attempts)
    mine = sum(1 for attempt in listed if attempt.outcome == reason)
    if reason is not Reason.RETRYING_AFTER_DISRUPTION or not listed:
        return mine
    return mine + (listed[-1].number - listed[0].number + 1 - len(listed))


def _with_unrecorded(history: History) -> list[Attempt]:
    """Add the Jobs that were created by an operator which died before it wrote their attempt down."""
    known = {attempt.number for attempt in history.recorded}
    missing = [Attempt(number=job.attempt, job=job.name) for job in history.jobs if job.attempt not in known]
    return sorted([*history.recorded, *missing], key=lambda attempt: attempt.number)


def _update(attempt: Attempt, history: History) -> tuple[Attempt, End | None]:
    if attempt.outcome is not None:
        return attempt, None
    job, pod = find_children(history, attempt)
    attempt = _observe_pod(attempt, pod, history)
    end = classify_end(Ending(pod, job, history.stop_requested, history.wall_limit_seconds, history.now))
    if end is None:
        return attempt, None
    closed = {
        "outcome": end.reason.value,
        "free": end.kind in _FREE,
        "exit_code": end.exit_code,
        "charged_seconds": round(end.outcome.meter.charged_seconds, 1) if end.outcome else None,
        "finished_at": attempt.finished_at or _format(history.now),
    }
    return attempt.model_copy(update=closed), end


def _observe_pod(attempt: Attempt, pod: ObservedPod | None, history: History) -> Attempt:
    if pod is None or pod.node is None:
        return attempt
    seen: dict[str, object] = {"pod_uid": pod.uid, "node": pod.node or attempt.node}
    if pod.started_at is not None:
        until = pod.finished_at or history.measured_at or pod.started_at
        held = max((until - pod.started_at).total_seconds(), 0.0) * history.rate
        seen |= {
            "started_at": _format(pod.started_at),
            "finished_at": _format(pod.finished_at) if pod.finished_at else None,
            "allocated_seconds": round(max(held, attempt.allocated_seconds or 0.0), 1),
        }
    return attempt.model_copy(update=seen)


def _pause(ledger: Ledger, retries: RetriesConfig, now: datetime) -> Ledger:
    """Return the ledger of a run whose last attempt is closed: over for good, or when the next may start."""
    last = ledger.attempts[-1]
    caps = {
        Reason.RETRYING_AFTER_DISRUPTION: retries.disruptions,
        Reason.STORAGE_UNAVAILABLE: retries.storage,
        Reason.UNKNOWN: retries.failures,
    }
    if last.outcome == Reason.SUSPENDED:
        return ledger
    overran = ledger.end is not None and ledger.end.kind is EndKind.OVERRAN
    reason = next((reason for reason in caps if reason == last.outcome), None)
    count = count_ends(ledger.attempts, reason) if reason else 0
    if reason is None or overran or count > caps[reason]:
        return replace(ledger, stage=Stage.ENDED)
    pause = min(retries.backoff_seconds * 2 ** min(count - 1, 20), retries.max_backoff_seconds)
    ended_at = datetime.fromisoformat(last.finished_at) if last.finished_at else now
    not_before = ended_at + timedelta(seconds=pause)
    return replace(ledger, stage=Stage.PAUSED if now < not_before else Stage.IDLE, not_before=not_before)


def _trim(attempts: list[Attempt]) -> tuple[Attempt, ...]:
    """Keep `MAX_ATTEMPTS`: the first and every failure stay, the oldest disruptions go (see `count_ends`)."""
    kept = list(attempts)
    while len(kept) > MAX_ATTEMPTS:
        disrupted = (a for a in kept[1:-1] if a.outcome == Reason.RETRYING_AFTER_DISRUPTION)
        stopped = (a for a in kept[1:-1] if a.outcome == Reason.SUSPENDED)
        kept.remove(next(disrupted, None) or next(stopped, None) or kept[1])
    return tuple(kept)


def _format(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def name_job(history: History, number: int) -> str:
    """Return the deterministic name of an attempt's Job."""
    return names.child_name(history.owner_name, history.uid, number)


__all__ = ["SETTLE_SECONDS", "History", "Ledger", "Stage", "assess_attempts", "open_attempt"]
