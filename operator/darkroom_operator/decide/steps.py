"""The steps that every run takes: an attempt is opened, followed while it is open, or waited for.

Owns these three, and how a run's status is described. Which step is next is decided in `run` and `cancel`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Generic

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.results import describe_run
from darkroom_api.v1alpha1 import common, model
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide import attempts, ends, verdicts, waiting
from darkroom_operator.decide.decision import Decision
from darkroom_operator.decide.rules import RunRules, RunStatus, SpecT
from darkroom_operator.facts import children
from darkroom_operator.facts.views import Observed

WAITING_SECONDS: Final = ends.SETTLE_SECONDS * 3
"""How often a waiting attempt is looked at where no watch tells anything."""

WISHES: Final = frozenset({Reason.SUSPENDED, Reason.CANCELLED})
"""Reasons of a run that its user stops."""


@dataclass(frozen=True)
class Situation(Generic[SpecT, RunStatus]):
    """A run as it is now: what is seen of it, its status brought up to date, and its attempts."""

    seen: Observed[SpecT, RunStatus]
    status: RunStatus
    history: attempts.History
    ledger: attempts.Ledger
    rules: RunRules[SpecT, RunStatus]
    config: OperatorConfig

    @property
    def live_jobs(self) -> tuple[children.ObservedJob, ...]:
        """Return the Jobs that work and that nobody has deleted yet."""
        return tuple(job for job in self.seen.jobs if job.live and not job.deleting)

    @property
    def leftovers(self) -> tuple[children.ObservedJob, ...]:
        """Return the Jobs that nothing waits for."""
        return attempts.find_leftovers(self.seen.jobs, self.status.attempts)

    def describe(self, phase: RunPhase, reason: Reason, message: str, **update: object) -> RunStatus:
        """Return the status in `phase`, with further fields changed."""
        status = self.status.model_copy(update=update)
        return describe_run(status, phase, reason, message, self.seen.generation, self.seen.now)

    def end(self, phase: RunPhase, reason: Reason, message: str) -> RunStatus:
        """Return the status of a run that is over."""
        return self.describe(phase, reason, message, completed_at=self.seen.now, progress=None)


def follow(now: Situation[SpecT, RunStatus]) -> Decision[RunStatus]:
    """An attempt is open: say what it waits for, or how far it is."""
    pod, job, rules = now.ledger.pod, now.ledger.job, now.rules
    if pod is not None and pod.over:
        return Decision(now.status, requeue_after_seconds=ends.SETTLE_SECONDS)
    if job is not None and job.deleting and now.seen.status.reason in WISHES:
        # The wish was taken back while it still stops: what it says stays until the next attempt may start.
        return Decision(now.status, requeue_after_seconds=ends.SETTLE_SECONDS)
    if pod is None or not pod.running:
        return _wait(now)
    progress = _find_progress(now.seen, pod.uid) or now.status.progress
    status = now.describe(rules.working_phase, rules.working_reason, rules.working_message, progress=progress)
    left = _find_seconds_left(now, pod)
    return Decision(
        status, stop=now.live_jobs if left <= 0 else (), requeue_after_seconds=max(left, ends.SETTLE_SECONDS)
    )


def start(now: Situation[SpecT, RunStatus], publish_only: bool = False) -> Decision[RunStatus]:
    """Open the next attempt, once the last one's Job is gone."""
    if any(job.deleting and job.live for job in now.history.jobs):
        return Decision(now.status, requeue_after_seconds=ends.SETTLE_SECONDS)
    number, given = now.ledger.next_number, now.rules.allocate(now.status.attempts)
    job_name = attempts.name_job(now.history, number)
    opened = attempts.open_attempt(now.ledger, job_name, given, publish_only)
    message = waiting.describe_created(job_name)
    status = now.describe(RunPhase.QUEUED, Reason.SCHEDULING, message, attempts=opened, allocation=given, progress=None)
    return Decision(status, start=number, stop=now.leftovers, requeue_after_seconds=WAITING_SECONDS)


def pause(now: Situation[SpecT, RunStatus], not_before: datetime) -> Decision[RunStatus]:
    """The next attempt starts later."""
    told = verdicts.describe_pause(now.ledger)
    status = now.status.model_copy(update={"progress": None})
    if told is not None:
        status = now.describe(RunPhase.QUEUED, told.reason, told.message, progress=None)
    seconds = (not_before - now.seen.now).total_seconds()
    return Decision(status, stop=now.leftovers, requeue_after_seconds=seconds)


def record(status: RunStatus, ledger: attempts.Ledger) -> RunStatus:
    """Return the status with what the open (else the last) attempt was given, and where it is."""
    given: common.Allocation | None = ledger.job.allocation if ledger.job is not None else None
    given = given or status.allocation
    if given is None or not ledger.attempts:
        return status
    return status.model_copy(update={"allocation": given.model_copy(update={"node": ledger.attempts[-1].node})})


def _wait(now: Situation[SpecT, RunStatus]) -> Decision[RunStatus]:
    job = now.ledger.job
    wait = waiting.describe_waiting(job, now.ledger.pod, now.seen.found)
    status = now.describe(RunPhase.QUEUED, wait.reason, wait.message, progress=None)
    outdated = wait.reason is Reason.IMAGE_PULL_FAILED and job is not None and job.image != now.config.trainer.image
    return Decision(status, stop=now.live_jobs if outdated else (), requeue_after_seconds=_find_next_look(now))


def _find_next_look(now: Situation[SpecT, RunStatus]) -> float:
    """Return when to look again at an attempt that waits: at the latest when its time to start is over."""
    job, limit = now.ledger.job, now.history.limits.start_timeout_seconds
    since = (job.active_since or job.created_at) if job is not None else None
    if not limit or since is None:
        return WAITING_SECONDS
    left = (since + timedelta(seconds=limit) - now.seen.now).total_seconds()
    return min(max(left, 1.0), WAITING_SECONDS)


def _find_progress(seen: Observed[SpecT, RunStatus], pod_uid: str) -> model.ProgressStatus | None:
    if seen.report is None or seen.report.pod_uid != pod_uid:
        return None
    told = seen.report.progress
    return model.ProgressStatus(percent=told.percent, stage=told.stage, trial=told.trial, eta_seconds=told.eta_seconds)


def _find_seconds_left(now: Situation[SpecT, RunStatus], pod: children.ObservedPod) -> float:
    assert pod.started_at is not None
    job = now.ledger.job
    limit = job.allocation.deadline_seconds if job is not None and job.allocation else now.history.deadline_seconds
    return limit - (now.seen.now - pod.started_at).total_seconds()


def leave(now: Situation[SpecT, RunStatus], decision: Decision[RunStatus]) -> Decision[RunStatus]:
    """Return a decision that also stops what nothing waits for."""
    return replace(decision, stop=(*decision.stop, *now.leftovers))
