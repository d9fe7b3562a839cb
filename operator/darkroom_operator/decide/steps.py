"""The steps that every run takes: an attempt is opened, followed while it is open, stopped, or waited for.

Owns these, and the Decision that each of them is. Which step is next is decided in `run` and `cancel`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Generic

from darkroom_api import results
from darkroom_api.blockers import Blocker
from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.report import Outcome
from darkroom_api.results import RunStatusT
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide import allocation, attempts, ends, retries
from darkroom_operator.decide.waits import waiting
from darkroom_operator.facts.children import ObservedJob, ObservedPod
from darkroom_operator.facts.views import Observed, Report, StatusT

SOON_SECONDS: Final = ends.SETTLE_SECONDS
"""When to look again at what is about to change."""
WAITING_SECONDS: Final = SOON_SECONDS * 3
"""How often a waiting attempt is looked at where no watch tells anything."""


@dataclass(frozen=True)
class Decision(Generic[StatusT]):
    """What a reconcile shall do, in this order: end pods, stop Jobs, start an attempt, write the status."""

    status: StatusT
    start: int | None = None
    """Number of the attempt to create a Job for."""
    stop: tuple[ObservedJob, ...] = ()
    end: tuple[ObservedPod, ...] = ()
    """Pods that must not wait for their grace period, as their trainers have ended."""
    requeue_after_seconds: float | None = None


def leave(
    seen: Observed[Any, StatusT], status: StatusT, requeue_after_seconds: float | None = None
) -> Decision[StatusT]:
    """Return a decision to stop the Jobs and pods that nothing waits for."""
    leftovers = attempts.find_leftovers(seen, status.attempts)
    pauses = [pause for pause in (requeue_after_seconds, leftovers.again_seconds) if pause is not None]
    again = min(pauses, default=None)
    return Decision(status, stop=leftovers.jobs, end=leftovers.pods, requeue_after_seconds=again)


@dataclass(frozen=True, kw_only=True)
class Demand(ABC, Generic[RunStatusT]):
    """A run as it is seen, and what its kind brings along."""

    seen: Observed[Any, RunStatusT]
    config: OperatorConfig
    work: results.Work[RunPhase]
    hardware: allocation.Hardware
    budget_seconds: float | None = None
    """In reference-device seconds; None where a time limit bounds the run."""
    time_limit: allocation.TimeLimit | None = None
    full: Blocker | None = None
    """What it waits for where its namespace has as many runs as it may."""
    suspend: bool = False
    cancel: bool = False

    @abstractmethod
    def find_blocker(self) -> Blocker | None:
        """Return the first thing that keeps the next attempt from starting."""


@dataclass(frozen=True)
class Situation(Generic[RunStatusT]):
    """Where a run is: what is demanded, its attempts, and its status brought up to date with them."""

    demand: Demand[RunStatusT]
    ledger: attempts.Ledger
    status: RunStatusT

    @property
    def seen(self) -> Observed[Any, RunStatusT]:
        """Return what is seen of it."""
        return self.demand.seen

    def describe(self, phase: RunPhase, reason: Reason, message: str, **update: object) -> RunStatusT:
        """Return the status in `phase`, with further fields changed."""
        status = self.status.model_copy(update=update) if update else self.status
        return results.describe_run(status, phase, reason, message, self.seen.generation, self.seen.now)

    def end(self, phase: RunPhase, reason: Reason, message: str) -> Decision[RunStatusT]:
        """Return the decision that ends the run without a report, and stops what still works of it."""
        return self.leave(self.describe(phase, reason, message, completed_at=self.seen.now, progress=None))

    def finish(self, outcome: Outcome) -> RunStatusT:
        """Return the status of a run that ends with a report."""
        return results.finish_run(self.status, outcome, self.seen.generation, self.seen.now)

    def leave(self, status: RunStatusT, requeue_after_seconds: float | None = None) -> Decision[RunStatusT]:
        """Return a decision to stop the Jobs that nothing waits for."""
        decision: Decision[RunStatusT] = leave(self.seen, status, requeue_after_seconds)
        superseded: tuple[ObservedJob, ...] = attempts.find_superseded(
            self.seen.jobs, self.seen.status.attempts, status.attempts
        )
        return replace(decision, stop=tuple(dict.fromkeys((*decision.stop, *superseded))))

    def halt(self, status: RunStatusT, requeue_after_seconds: float = SOON_SECONDS) -> Decision[RunStatusT]:
        """Return a decision to stop every Job that works."""
        return Decision(status, stop=attempts.find_live(self.seen.jobs), requeue_after_seconds=requeue_after_seconds)


def find_stopping_phase(run: Situation[RunStatusT]) -> RunPhase:
    """Return the phase of a run whose attempt is being stopped: it works until its container ends."""
    works = run.ledger.pod is not None and run.ledger.pod.started_at is not None
    return run.demand.work.phase if works else RunPhase.QUEUED


def follow(run: Situation[RunStatusT]) -> Decision[RunStatusT]:
    """An attempt is open: say what it waits for, or how far it is."""
    pod, job, seen, work = run.ledger.pod, run.ledger.job, run.seen, run.demand.work
    if job is not None and job.deleting and results.is_stopped_by_user(seen.status):
        return Decision(_describe_stopping(run, job), requeue_after_seconds=SOON_SECONDS)
    if pod is not None and pod.over:
        # Its end is not known yet.
        return Decision(run.status, requeue_after_seconds=SOON_SECONDS)
    if pod is None or not pod.running:
        return _wait(run)
    answer = seen.report if seen.report is not None and seen.report.pod_uid == pod.uid else None
    gathering = _find_gathering(run, answer)
    if gathering is not None:
        status = run.describe(RunPhase.QUEUED, gathering.reason, gathering.message, progress=None)
    else:
        progress = answer.show() if answer is not None else run.status.progress
        status = run.describe(work.phase, work.reason, work.message, progress=progress)
    left = run.ledger.find_time_left(seen.now)
    if left <= 0:
        return run.halt(status)
    look_again = max(left, SOON_SECONDS)
    return Decision(status, requeue_after_seconds=min(look_again, WAITING_SECONDS) if gathering else look_again)


def _find_gathering(run: Situation[RunStatusT], answer: Report | None) -> Blocker | None:
    """Return what a run on several nodes waits for whose leading container works, or None once it has begun.

    Where the status says that it trains already, only its operator is new, and no answer has come yet.
    """
    attempt, given, pod = run.ledger.open, run.seen.status.allocation, run.ledger.pod
    if attempt is None or attempt.nodes is None or given is None or pod is None:
        return None
    said = answer.progress if answer is not None else None
    begun = run.status.phase is run.demand.work.phase if said is None else not said.waits_for_nodes
    joined = None if said is None else said.nodes or 1
    least = given.min_nodes or attempt.nodes
    gathering = waiting.Gathering(joined, begun, attempt.nodes, least, pod, run.ledger.workers)
    return waiting.describe_gathering(gathering, run.ledger.job, run.seen.now, run.seen.found)


def _describe_stopping(run: Situation[RunStatusT], job: ObservedJob) -> RunStatusT:
    """Return the status of a run whose attempt still ends for a wish; the reason stays, as it says what ends it."""
    status = run.status
    if run.demand.suspend or run.demand.cancel or run.ledger.publishes or status.reason is None:
        return status
    message = (
        f"The wish to stop was taken back; attempt {run.ledger.next_number} follows once Job `{job.name}` is gone."
    )
    return run.describe(status.phase, status.reason, message)


def _wait(run: Situation[RunStatusT]) -> Decision[RunStatusT]:
    job = run.ledger.job
    wait = waiting.describe_waiting(job, run.ledger.pod, run.seen.found)
    status = run.describe(RunPhase.QUEUED, wait.reason, wait.message, progress=None)
    image = run.demand.config.trainer.image
    if wait.reason is Reason.IMAGE_PULL_FAILED and job is not None and job.image != image:
        return run.halt(status, _find_next_look(run))
    return Decision(status, requeue_after_seconds=_find_next_look(run))


def _find_next_look(run: Situation[RunStatusT]) -> float:
    """Return when to look again at an attempt that waits: at the latest when its time to start is over."""
    job, limit = run.ledger.job, run.demand.config.start_timeout_seconds
    since = (job.active_since or job.created_at) if job is not None else None
    if not limit or since is None:
        return WAITING_SECONDS
    left = (since + timedelta(seconds=limit) - run.seen.now).total_seconds()
    return min(max(left, 1.0), WAITING_SECONDS)


def pause(run: Situation[RunStatusT], not_before: datetime) -> Decision[RunStatusT]:
    """The next attempt starts later; the status may say already how the last one ended, and in more words."""
    ledger, seconds = run.ledger, (not_before - run.seen.now).total_seconds()
    follows = retries.tell_next(ledger.attempts[-1], ledger.next_number, not_before)
    if ledger.end is None and (run.status.message or "").endswith(follows):
        return run.leave(run.status.model_copy(update={"progress": None}), seconds)
    wait = retries.describe_pause(ledger.attempts[-1], ledger.end, follows)
    return run.leave(run.describe(RunPhase.QUEUED, wait.reason, wait.message, progress=None), seconds)


def start(run: Situation[RunStatusT], publish_only: bool = False) -> Decision[RunStatusT]:
    """Open the next attempt, once the last one's Job is gone and the namespace may have one more."""
    demand, ledger, seen = run.demand, run.ledger, run.seen
    ending = attempts.find_hindrance(seen, ledger.attempts)
    if ending is not None:
        message = f"Attempt {ledger.next_number} follows once Job `{ending.name}`, which is being deleted, is gone."
        decision = run.leave(run.describe(RunPhase.QUEUED, Reason.SCHEDULING, message, progress=None), SOON_SECONDS)
        return replace(decision, stop=tuple(dict.fromkeys((*decision.stop, *attempts.find_live((ending,))))))
    full = demand.full
    if full is not None:
        return run.leave(run.describe(RunPhase.QUEUED, full.reason, full.message, progress=None), WAITING_SECONDS)
    # What publishes a model has no use for other pods.
    hardware = replace(demand.hardware, nodes=1, min_nodes=1) if publish_only else demand.hardware
    given = hardware.allow(demand.budget_seconds, demand.time_limit, ledger.attempts)
    opened = attempts.open_attempt(ledger, seen, given, publish_only)
    message = waiting.CREATED.format(opened[-1].job)
    update = {"attempts": opened, "allocation": given, "progress": None}
    status = run.describe(RunPhase.QUEUED, Reason.SCHEDULING, message, **update)
    return replace(run.leave(status, WAITING_SECONDS), start=ledger.next_number)
