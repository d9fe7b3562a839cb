"""The ledger of attempts: which there were, how each ended, what each held, and whether another may start.

Owns how an attempt is opened, brought up to date and closed. What must outlive the Jobs is in `status.attempts`; the
rest is derived from Jobs and pods.

`Attempt.charged_seconds` is the trainer's meter at the end of that attempt. The meter travels in the checkpoint and
covers all attempts so far, so the greatest of them is the work that is known to be kept. An attempt that crashed tells
nothing; what its last checkpoint holds is known again when a later attempt has read it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from darkroom_api import names
from darkroom_api.report import Outcome, parse_outcome
from darkroom_api.v1alpha1.common import Allocation, Attempt
from darkroom_operator.decide import allocation, ends, retries
from darkroom_operator.decide.retries import Limits, Stage
from darkroom_operator.facts.children import ObservedJob, ObservedPod
from darkroom_operator.facts.views import Observed


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
    deadline_seconds: float = 0.0
    """How long the open attempt's container may work."""

    @property
    def kept_seconds(self) -> float:
        """Return the work that is known to be kept, in reference-device seconds."""
        return allocation.sum_kept(self.attempts)

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
class Terms:
    """What attempts are judged by."""

    limits: Limits
    deadline_seconds: float
    """How long a container may work, where its Job does not tell."""
    rate: float = 0.0
    """What one second of it costs, where an earlier version opened the attempt without a record; 0 for inspections."""
    stopping: bool = False
    """Whether the user's wish is what ends the open attempt."""

    def find_deadline(self, job: ObservedJob | None) -> float:
        """Return how long a Job's container may work, as it was recorded when the attempt was opened."""
        return job.allocation.deadline_seconds if job is not None and job.allocation else self.deadline_seconds


def assess_attempts(seen: Observed[Any, Any], terms: Terms, taken: Iterable[int] = ()) -> Ledger:
    """Return the ledger: open attempts updated, ended ones closed, and what may follow.

    What is `seen` holds the Jobs, pods and attempts of this run (and generation) only; `taken` are further numbers that
    no next attempt may have.
    """
    updated = [_update(attempt, seen, terms) for attempt in _add_unrecorded(seen)]
    attempts = retries.trim([attempt for attempt, _ in updated])
    number = max((*taken, *(attempt.number for attempt in attempts)), default=0) + 1
    end = updated[-1][1] if updated else None
    if not attempts:
        return Ledger(attempts, Stage.IDLE, number)
    if attempts[-1].outcome is None:
        job, pods = find_children(seen, attempts[-1])
        pod = pods[-1] if pods and not ends.is_set_aside(pods[-1], job) else None
        return Ledger(attempts, Stage.OPEN, number, end, job=job, pod=pod, deadline_seconds=terms.find_deadline(job))
    if end is not None and end.overran:
        return Ledger(attempts, Stage.ENDED, number, end)
    verdict = retries.judge(attempts, terms.limits, seen.now)
    return Ledger(attempts, verdict.stage, number, end, not_before=verdict.not_before)


def find_children(seen: Observed[Any, Any], attempt: Attempt) -> tuple[ObservedJob | None, tuple[ObservedPod, ...]]:
    """Return an attempt's Job, and its pods in the order in which they were made."""
    job = next((job for job in seen.jobs if job.attempt == attempt.number), None)
    mine = (pod for pod in seen.pods if pod.attempt == attempt.number and _belongs(pod, attempt, job))
    return job, tuple(allocation.sort_pods(mine))


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
    return tuple(job for job in find_live(jobs) if job.suspended or job.attempt not in ended)


def find_live(jobs: Iterable[ObservedJob]) -> tuple[ObservedJob, ...]:
    """Return the Jobs that work and that nobody has deleted yet."""
    return tuple(job for job in jobs if job.live and not job.deleting)


def open_attempt(
    ledger: Ledger, seen: Observed[Any, Any], given: Allocation | None, publish_only: bool = False
) -> tuple[Attempt, ...]:
    """Return the attempts with the next one opened, and what it was given written down."""
    job_name = names.child_name(seen.key.name, seen.uid, ledger.next_number)
    return retries.trim([*ledger.attempts, _make_attempt(ledger.next_number, job_name, given, publish_only)])


def _add_unrecorded(seen: Observed[Any, Any]) -> list[Attempt]:
    """Add the Jobs that were created by an operator which died before it wrote their attempt down."""
    recorded: tuple[Attempt, ...] = seen.status.attempts
    known = {attempt.number for attempt in recorded}
    missing = [
        _make_attempt(job.attempt, job.name, job.allocation, job.publish_only)
        for job in seen.jobs
        if job.attempt not in known
    ]
    return sorted([*recorded, *missing], key=lambda attempt: attempt.number)


def _make_attempt(number: int, job_name: str, given: Allocation | None, publish_only: bool) -> Attempt:
    return Attempt(
        number=number,
        job=job_name,
        devices=given.devices if given else None,
        milli_rate=given.milli_rate if given else None,
        publish_only=publish_only or None,
    )


def _update(attempt: Attempt, seen: Observed[Any, Any], terms: Terms) -> tuple[Attempt, ends.End | None]:
    if attempt.outcome is not None:
        return attempt, None
    job, pods = find_children(seen, attempt)
    deadline = terms.find_deadline(job)
    attempt = allocation.observe_pods(attempt, pods, terms.rate, deadline, seen)
    outcomes = [parse_outcome(pod.termination_message) if pod.exit_code is not None else None for pod in pods]
    attempt = _keep_work(attempt, outcomes)
    stopping = terms.stopping and not attempt.publish_only
    trace = ends.Trace(seen, job, pods, deadline, terms.limits.start_timeout_seconds, stopping)
    end = ends.classify_end(trace, outcomes[-1] if outcomes else None)
    return (attempt, None) if end is None else (_close(attempt, end, seen.now), end)


def _keep_work(attempt: Attempt, outcomes: Iterable[Outcome | None]) -> Attempt:
    """Write down what the trainer says to have kept; a queue may set a pod aside while its attempt goes on."""
    kept = [round(outcome.meter.charged_seconds, 1) for outcome in outcomes if outcome is not None]
    if not kept:
        return attempt
    return attempt.model_copy(update={"charged_seconds": max(*kept, attempt.charged_seconds or 0.0)})


def _close(attempt: Attempt, end: ends.End, moment: datetime) -> Attempt:
    """An end that lies ahead comes from a node's clock; it must not make the pause after it longer."""
    now = allocation.format_time(moment)
    closed = {
        "outcome": end.reason.value,
        "free": end.row.free,
        "exit_code": end.exit_code,
        "finished_at": min(attempt.finished_at or now, now),
    }
    return attempt.model_copy(update=closed)
