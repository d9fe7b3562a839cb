"""The ledger of attempts: which there were, how each ended, what each held, and whether another may start.

Owns how an attempt is opened, brought up to date and closed. What must outlive the Jobs is in `status.attempts`; the
rest is derived from Jobs and pods.

`Attempt.charged_seconds` is the trainer's meter at the end of that attempt. The meter travels in the checkpoint and
covers all attempts so far, so the greatest of them is the work that is known to be kept. An attempt that crashed tells
nothing; what its last checkpoint holds is known again when a later attempt has read it.

An attempt on several nodes is judged by its pod of index 0 alone: the others work for that one, end with it, and may be
lost without it. What all of them held is counted in `holdings`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from typing import Any, Final

from darkroom_api import names
from darkroom_api.endings import ENDINGS, RetryCap, find_ending
from darkroom_api.report import Outcome, parse_outcome
from darkroom_api.v1alpha1.common import Allocation, Attempt
from darkroom_operator.decide import ends, holdings, retries
from darkroom_operator.decide.allocation import TimeLimit, find_kept_seconds
from darkroom_operator.decide.retries import Limits, Stage
from darkroom_operator.facts import belonging
from darkroom_operator.facts.children import ObservedJob, ObservedPod
from darkroom_operator.facts.views import Observed

MAX_ATTEMPTS: Final = 10
"""What a status keeps."""
_RANKS: Final = {reason: row.merge_rank for reason, row in ENDINGS.items() if row.merge_rank is not None}
_MERGED: Final = sorted(_RANKS, key=lambda reason: _RANKS[reason])
"""Ends that a full list keeps apart no longer, in this order: failures stay longest."""
LINGERS_SECONDS: Final = 10
"""How long a pod may work on after its trainer: containers that end with it have ended by then."""
WORKS_ON_SECONDS: Final = 30
"""How long a worker may work on after the pod that led it: by then it has noticed that nobody leads it any more."""
ENDS_SOON_SECONDS: Final = 15
"""A pod whose grace period is over so soon needs no other."""


@dataclass(frozen=True)
class Ledger:
    """The attempts, brought up to date."""

    attempts: tuple[Attempt, ...]
    stage: Stage
    next_number: int
    end: ends.End | None = None
    """How the last attempt ended, when that was only learned now."""
    not_before: datetime | None = None
    job: ObservedJob | None = None
    pod: ObservedPod | None = None
    workers: tuple[ObservedPod, ...] = ()
    """The other pods of an open attempt on several nodes."""
    deadline_seconds: float = 0.0
    """How long the open attempt's container may work."""

    @property
    def kept_seconds(self) -> float:
        """Return the work that is known to be kept, in reference-device seconds."""
        return find_kept_seconds(self.attempts)

    def find_time_left(self, now: datetime) -> float:
        """Return for how many seconds the open attempt's container, which works, may go on."""
        assert self.pod is not None
        assert self.pod.started_at is not None
        return self.deadline_seconds - (now - self.pod.started_at).total_seconds()

    @property
    def publishes(self) -> bool:
        """Return whether an attempt was for the publication only: the run is cancelled for good."""
        return any(attempt.publish_only for attempt in self.attempts)

    @property
    def open(self) -> Attempt | None:
        """Return the attempt that is waiting, working or stopping."""
        return self.attempts[-1] if self.stage is Stage.OPEN else None

    @property
    def first_started_at(self) -> datetime | None:
        """Return when the first container of the remembered attempts started."""
        starts = [attempt.started_at for attempt in self.attempts if attempt.started_at]
        return datetime.fromisoformat(min(starts)) if starts else None


@dataclass(frozen=True)
class Criteria:
    """What attempts are judged by."""

    limits: Limits
    deadline_seconds: float
    """How long a container may work, as it was recorded when the attempt was opened."""
    rate: float = 0.0
    """What one second of it costs, where an earlier version opened the attempt without a record; 0 for inspections."""
    stopping: bool = False
    """Whether the user's wish is what ends the open attempt."""
    time_limit: TimeLimit | None = None
    """What bounds a run without a budget."""


def assess_attempts(seen: Observed[Any, Any], criteria: Criteria, taken: Iterable[int] = ()) -> Ledger:
    """Return the ledger: open attempts updated, ended ones closed, and what may follow.

    What is `seen` holds the attempts of this run (and generation) only; `taken` are further numbers that no next
    attempt may have.
    """
    updated = [_update(attempt, seen, criteria) for attempt in sorted(seen.status.attempts, key=_get_number)]
    attempts = trim([attempt for attempt, _ in updated])
    number = max((*taken, *(attempt.number for attempt in attempts)), default=0) + 1
    end = updated[-1][1] if updated else None
    if not attempts:
        return Ledger(attempts, Stage.IDLE, number)
    if attempts[-1].outcome is None:
        job, pods = find_children(seen, attempts[-1])
        last = next((pod for pod in reversed(pods) if pod.leads), None)
        pod = last if not ends.is_set_aside(last, job) else None
        workers = tuple(pod for pod in pods if not pod.leads)
        deadline = criteria.deadline_seconds
        return Ledger(attempts, Stage.OPEN, number, job=job, pod=pod, workers=workers, deadline_seconds=deadline)
    if end is not None and end.overran:
        return Ledger(attempts, Stage.ENDED, number, end)
    verdict = retries.judge(attempts, criteria.limits, seen.now)
    return Ledger(attempts, verdict.stage, number, end, not_before=verdict.not_before)


def find_children(seen: Observed[Any, Any], attempt: Attempt) -> tuple[ObservedJob | None, tuple[ObservedPod, ...]]:
    """Return an attempt's Job, and its pods in the order in which they were made."""
    job = belonging.find_job(seen.jobs, attempt)
    return job, tuple(holdings.sort_pods(belonging.find_pods(seen.pods, attempt, job)))


@dataclass(frozen=True)
class Leftovers:
    """What may still work though nothing waits for it, and in how many seconds there may be more."""

    jobs: tuple[ObservedJob, ...]
    pods: tuple[ObservedPod, ...] = ()
    """Those whose trainers have ended."""
    again_seconds: float | None = None


def find_leftovers(seen: Observed[Any, Any], attempts: Iterable[Attempt]) -> Leftovers:
    """Return what is to be stopped of a run or inspection with these attempts, none of which is open.

    A Job whose container has ended needs no deletion, even where the Job controller has not said so yet: it stays, with
    its log, until its time to live is over. One that a queue suspended would come back, so it goes; and so does one of
    which a pod works on and keeps its devices: by a container that somebody else put into it, or as a worker that
    nobody leads any more. Such a pod goes even where its Job was deleted before: it has the long grace period of a
    trainer.
    """
    stop: list[ObservedJob] = []
    end: list[ObservedPod] = []
    pauses: list[float] = []
    closed = tuple(attempts)
    for job in seen.jobs:
        attempt = next((attempt for attempt in closed if belonging.is_job_of(job, attempt)), None)
        if attempt is None or attempt.exit_code is None or job.suspended:
            stop.append(job)
        elif lingering := _find_lingering(seen, attempt, job):
            allowed = LINGERS_SECONDS if any(pod.lingers for pod in lingering) else WORKS_ON_SECONDS
            left = (_find_ended(attempt, seen.now) + timedelta(seconds=allowed) - seen.now).total_seconds()
            if left > 0:
                pauses.append(max(left, 1.0))
            else:
                stop.append(job)
                end += lingering
    return Leftovers(find_live(stop), tuple(end), min(pauses, default=None))


def _find_lingering(seen: Observed[Any, Any], attempt: Attempt, job: ObservedJob) -> tuple[ObservedPod, ...]:
    """Return the pods of an ended attempt that another container or nothing but themselves keeps alive.

    Those that end soon are left alone.
    """
    soon = seen.now + timedelta(seconds=ENDS_SOON_SECONDS)
    pods = (pod for pod in belonging.find_pods(seen.pods, attempt, job) if pod.lingers or not (pod.leads or pod.over))
    return tuple(pod for pod in pods if pod.deleted_at is None or pod.deleted_at > soon)


def _find_ended(attempt: Attempt, now: datetime) -> datetime:
    return min(datetime.fromisoformat(attempt.finished_at), now) if attempt.finished_at else now


def find_superseded(
    jobs: Iterable[ObservedJob], recorded: Iterable[Attempt], decided: Iterable[Attempt]
) -> tuple[ObservedJob, ...]:
    """Return the Jobs of wrong configurations that another attempt follows: no number bounds those.

    `recorded` are the attempts as the status has them: until an end is written there, only Job and pod tell of it.
    """
    endings = {attempt.number: find_ending(attempt.outcome) for attempt in recorded}
    unbounded = {number for number, row in endings.items() if row is not None and row.cap is RetryCap.START_TIMEOUT}
    last = max((attempt.number for attempt in decided), default=0)
    return tuple(job for job in jobs if job.attempt in unbounded and job.attempt < last and not job.deleting)


def find_live(jobs: Iterable[ObservedJob]) -> tuple[ObservedJob, ...]:
    """Return the Jobs that work and that nobody has deleted yet."""
    return tuple(job for job in jobs if job.live and not job.deleting)


def find_live_strays(seen: Observed[Any, Any], attempts: Iterable[Attempt]) -> tuple[ObservedJob, ...]:
    """Return the Jobs that work and that none of these attempts knows of."""
    return belonging.find_strays(find_live(seen.jobs), attempts)


def find_hindrance(seen: Observed[Any, Any], attempts: Iterable[Attempt]) -> ObservedJob | None:
    """Return the Job that has to go before the next attempt: two trainers of one run must not work at once.

    Nor may workers of the last attempt keep the places of the next one's, though nobody leads them any more.
    """
    strays = belonging.find_strays(seen.jobs, attempts)
    hindrances = (job for job in seen.jobs if job.live and (job.deleting or job in strays or _has_workers(seen, job)))
    return next(hindrances, None)


def _has_workers(seen: Observed[Any, Any], job: ObservedJob) -> bool:
    return any(pod.job_uid == job.uid and not (pod.leads or pod.over) for pod in seen.pods)


def open_attempt(
    ledger: Ledger, seen: Observed[Any, Any], given: Allocation | None, publish_only: bool = False
) -> tuple[Attempt, ...]:
    """Return the attempts with the next one opened, and what it was given written down."""
    job_name = names.child_name(seen.key.name, seen.uid, ledger.next_number)
    return trim([*ledger.attempts, _make_attempt(ledger.next_number, job_name, given, publish_only)])


def _get_number(attempt: Attempt) -> int:
    return attempt.number


def _make_attempt(number: int, job_name: str, given: Allocation | None, publish_only: bool) -> Attempt:
    return Attempt(
        number=number,
        job=job_name,
        devices=given.devices if given else None,
        nodes=given.nodes if given else None,
        milli_rate=given.milli_rate if given else None,
        publish_only=publish_only or None,
    )


def _update(attempt: Attempt, seen: Observed[Any, Any], criteria: Criteria) -> tuple[Attempt, ends.End | None]:
    if attempt.outcome is not None:
        return attempt, None
    job, pods = find_children(seen, attempt)
    if job is not None and attempt.job_uid is None:
        attempt = attempt.model_copy(update={"job_uid": job.uid})
    if job is not None and attempt.nodes is not None and job.parallelism and not job.suspended:
        attempt = attempt.model_copy(update={"nodes": job.parallelism})
    deadline = criteria.deadline_seconds
    attempt = holdings.observe_pods(attempt, pods, criteria.rate, deadline, seen)
    own = tuple(pod for pod in pods if pod.leads)
    outcomes = [parse_outcome(pod.termination_message) if pod.exit_code is not None else None for pod in own]
    attempt = _keep_work(attempt, outcomes)
    stopping = criteria.stopping and not attempt.publish_only
    trace = ends.Trace(seen, job, own, deadline, criteria.limits.start_timeout_seconds, stopping, criteria.time_limit)
    end = ends.classify_end(trace, outcomes[-1] if outcomes else None)
    return (attempt, None) if end is None else (_close(attempt, end, seen.now), end)


def _keep_work(attempt: Attempt, outcomes: Iterable[Outcome | None]) -> Attempt:
    """Write down what the trainer says to have kept; a queue may set a pod aside while its attempt continues."""
    kept = [round(outcome.meter.charged_seconds, 1) for outcome in outcomes if outcome is not None]
    if not kept:
        return attempt
    return attempt.model_copy(update={"charged_seconds": max(*kept, attempt.charged_seconds or 0.0)})


def _close(attempt: Attempt, end: ends.End, moment: datetime) -> Attempt:
    """An end that lies ahead comes from a node's clock; it must not make the pause after it longer."""
    now = holdings.format_time(moment)
    closed = {
        "outcome": end.reason.value,
        "free": end.row.free,
        "exit_code": end.exit_code,
        "finished_at": min(attempt.finished_at or now, now),
        "worker_seconds": None,
    }
    return attempt.model_copy(update=closed)


def trim(attempts: list[Attempt]) -> tuple[Attempt, ...]:
    """Keep `MAX_ATTEMPTS`: one that ended like an earlier one is counted there, so that no cap forgets it."""
    kept = list(attempts)
    while len(kept) > MAX_ATTEMPTS:
        first, second = _find_alike(kept)
        merged = {
            "repeated": (first.repeated or 0) + 1 + (second.repeated or 0),
            "charged_seconds": max(first.charged_seconds or 0.0, second.charged_seconds or 0.0) or None,
        }
        kept[kept.index(first)] = first.model_copy(update=merged)
        kept.remove(second)
    return tuple(kept)


def _find_alike(kept: list[Attempt]) -> tuple[Attempt, Attempt]:
    """Return two that ended alike, neighbours first: the first of several in a row tells since when."""
    closed = kept[:-1]
    for pairs in (list(pairwise(closed)), list(combinations(closed, 2))):
        for outcome in _MERGED:
            found = next((pair for pair in pairs if pair[0].outcome == pair[1].outcome == outcome), None)
            if found is not None:
                return found
    return kept[0], kept[1]
