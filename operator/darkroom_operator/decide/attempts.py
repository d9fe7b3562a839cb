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
from typing import Final

from darkroom_api import names
from darkroom_api.report import parse_outcome
from darkroom_api.v1alpha1.common import Allocation, Attempt
from darkroom_operator.decide import allocation, ends, meters, retries
from darkroom_operator.decide.retries import Limits, Stage
from darkroom_operator.facts.children import ObservedJob, ObservedPod
from darkroom_operator.facts.findings import NOTHING_FOUND, Findings
from darkroom_operator.facts.views import Report

_FREE: Final = frozenset(
    {
        ends.EndKind.DISRUPTED,
        ends.EndKind.STOPPED,
        ends.EndKind.STORAGE,
        ends.EndKind.MISCONFIGURED,
        ends.EndKind.NOT_STARTED,
    }
)


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
    now: datetime
    deadline_seconds: float
    """How long the open attempt's container may work, where its Job does not tell."""
    limits: Limits
    allocation: Allocation | None = None
    """What an attempt is given now, for those that an earlier version opened without a record; None for inspections."""
    stop_requested: bool = False
    report: Report | None = None
    found: Findings = NOTHING_FOUND


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

    @property
    def kept_seconds(self) -> float:
        """Return the work that is known to be kept, in reference-device seconds."""
        return max((attempt.charged_seconds or 0.0 for attempt in self.attempts), default=0.0)

    @property
    def open(self) -> Attempt | None:
        """Return the attempt that is waiting, working or stopping."""
        return self.attempts[-1] if self.stage is Stage.OPEN else None

    @property
    def first_started_at(self) -> datetime | None:
        """Return when the first container of the remembered attempts started."""
        starts = [attempt.started_at for attempt in self.attempts if attempt.started_at]
        return datetime.fromisoformat(min(starts)) if starts else None


def assess_attempts(history: History) -> Ledger:
    """Return the ledger: open attempts updated, ended ones closed, and what may follow."""
    updated = [_update(attempt, history) for attempt in _with_unrecorded(history)]
    attempts = retries.trim([attempt for attempt, _ in updated])
    number = max((*history.all_numbers, *(attempt.number for attempt in attempts)), default=0) + 1
    end = updated[-1][1] if updated else None
    if not attempts:
        return Ledger(attempts, Stage.IDLE, number)
    if attempts[-1].outcome is None:
        job, pods = find_children(history, attempts[-1])
        pod = pods[-1] if pods and not ends.is_set_aside(pods[-1], job) else None
        return Ledger(attempts, Stage.OPEN, number, end, job=job, pod=pod)
    if end is not None and end.kind is ends.EndKind.OVERRAN:
        return Ledger(attempts, Stage.ENDED, number, end)
    verdict = retries.judge(attempts, history.limits, history.now)
    return Ledger(attempts, verdict.stage, number, end, not_before=verdict.not_before)


def find_children(history: History, attempt: Attempt) -> tuple[ObservedJob | None, list[ObservedPod]]:
    """Return an attempt's Job, and its pods in the order in which they were made."""
    job = next((job for job in history.jobs if job.attempt == attempt.number), None)
    mine = (pod for pod in history.pods if pod.attempt == attempt.number and _belongs(pod, attempt, job))
    return job, meters.sort_pods(mine)


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


def open_attempt(
    ledger: Ledger, job_name: str, given: Allocation | None, publish_only: bool = False
) -> tuple[Attempt, ...]:
    """Return the attempts with the next one opened, and what it was given written down."""
    opened = Attempt(
        number=ledger.next_number,
        job=job_name,
        devices=given.devices if given else None,
        milli_rate=given.milli_rate if given else None,
        publish_only=publish_only or None,
    )
    return retries.trim([*ledger.attempts, opened])


def _with_unrecorded(history: History) -> list[Attempt]:
    """Add the Jobs that were created by an operator which died before it wrote their attempt down."""
    known = {attempt.number for attempt in history.recorded}
    missing = [_read_attempt(job) for job in history.jobs if job.attempt not in known]
    return sorted([*history.recorded, *missing], key=lambda attempt: attempt.number)


def _read_attempt(job: ObservedJob) -> Attempt:
    given = job.allocation
    return Attempt(
        number=job.attempt,
        job=job.name,
        devices=given.devices if given else None,
        milli_rate=given.milli_rate if given else None,
        publish_only=job.publish_only or None,
    )


def _update(attempt: Attempt, history: History) -> tuple[Attempt, ends.End | None]:
    if attempt.outcome is not None:
        return attempt, None
    job, pods = find_children(history, attempt)
    deadline = job.allocation.deadline_seconds if job is not None and job.allocation else history.deadline_seconds
    rate = allocation.find_rate(attempt, history.allocation)
    attempt = meters.observe_pods(attempt, pods, meters.Sight(rate, deadline, history.report, history.now))
    attempt = _keep_work(attempt, pods)
    stopping = history.stop_requested and not attempt.publish_only
    timeout = history.limits.start_timeout_seconds
    seen = ends.Ending(pods[-1] if pods else None, job, stopping, deadline, history.now, timeout, history.found)
    end = ends.classify_end(seen)
    return (attempt, None) if end is None else (_close(attempt, end, history), end)


def _keep_work(attempt: Attempt, pods: list[ObservedPod]) -> Attempt:
    """Write down what the trainer says to have kept; a queue may set a pod aside while its attempt goes on."""
    outcomes = [parse_outcome(pod.termination_message) for pod in pods if pod.exit_code is not None]
    told = [round(outcome.meter.charged_seconds, 1) for outcome in outcomes if outcome is not None]
    if not told:
        return attempt
    return attempt.model_copy(update={"charged_seconds": max(*told, attempt.charged_seconds or 0.0)})


def _close(attempt: Attempt, end: ends.End, history: History) -> Attempt:
    """An end that lies ahead comes from a node's clock; it must not make the pause after it longer."""
    now = meters.format_time(history.now)
    closed = {
        "outcome": end.reason.value,
        "free": end.kind in _FREE,
        "exit_code": end.exit_code,
        "finished_at": min(attempt.finished_at or now, now),
    }
    return attempt.model_copy(update=closed)


def name_job(history: History, number: int) -> str:
    """Return the deterministic name of an attempt's Job."""
    return names.child_name(history.owner_name, history.uid, number)
