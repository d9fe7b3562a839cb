"""What Models and Evaluations have in common: the way of a run through its attempts.

                 blocked (Dataset, class, Secret)      pause after a bad end
                   |                                     ^        |
                   v                                     |        v
    (new) ----> Queued -- start --> Queued ----------> Training/Evaluating --> Succeeded
                   ^   attempt      (pod waits)          |                     Failed
                   |                                     | suspend             Cancelled
                   +-------------------------------------+

Owns that story. What blocks a run, and the budget, belong to `model` and `evaluation`, which fill in `rules`.
"""

from dataclasses import replace
from datetime import datetime

from darkroom_api.conditions import TERMINAL_PHASES, Reason, RunPhase
from darkroom_api.results import describe_run, finish_run
from darkroom_api.v1alpha1.model import ProgressStatus
from darkroom_operator.children import ObservedJob
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide import attempts, ends, verdicts, waiting
from darkroom_operator.decide.attempts import History, Ledger, Stage
from darkroom_operator.decide.decision import Decision
from darkroom_operator.decide.rules import FAILING, RunRules, RunStatus, SpecT
from darkroom_operator.views import Observed


def decide_run(
    seen: Observed[SpecT, RunStatus], rules: RunRules[SpecT, RunStatus], config: OperatorConfig
) -> Decision[RunStatus]:
    """Return what to do about a Model or an Evaluation."""
    status = seen.status
    if seen.deleting:
        return Decision(status)
    if status.phase in TERMINAL_PHASES:
        return Decision(status, stop=attempts.find_leftovers(seen.jobs, status.attempts))
    history = _gather_history(seen, rules)
    ledger = attempts.assess_attempts(history, config.retries)
    status = rules.account(_record(seen, status, ledger), ledger)
    if ledger.stage is Stage.ENDED:
        return _finish(seen, status, ledger)
    if rules.cancel or rules.suspend:
        return _halt(seen, status, ledger, rules)
    if ledger.stage is Stage.OPEN:
        return _follow(seen, status, ledger, rules, config)
    leftovers = attempts.find_leftovers(seen.jobs, status.attempts)
    return replace(_start(seen, status, ledger, rules, history), stop=leftovers)


def _gather_history(seen: Observed[SpecT, RunStatus], rules: RunRules[SpecT, RunStatus]) -> History:
    return History(
        recorded=seen.status.attempts,
        owner_name=seen.key.name,
        uid=seen.uid,
        jobs=seen.jobs,
        pods=seen.pods,
        all_numbers=tuple(job.attempt for job in seen.jobs),
        rate=rules.rate,
        wall_limit_seconds=rules.wall_limit_seconds,
        stop_requested=rules.suspend or rules.cancel,
        measured_at=seen.report.polled_at if seen.report else None,
        now=seen.now,
    )


def _record(seen: Observed[SpecT, RunStatus], status: RunStatus, ledger: Ledger) -> RunStatus:
    return status.model_copy(
        update={
            "attempts": ledger.attempts,
            "queued_at": status.queued_at or seen.created_at or seen.now,
            "started_at": status.started_at or ledger.first_started_at,
        }
    )


def _finish(seen: Observed[SpecT, RunStatus], status: RunStatus, ledger: Ledger) -> Decision[RunStatus]:
    """The last attempt ended for good."""
    end = ledger.end
    if end is None:
        message = status.message or "The last attempt ended, and nothing tells how."
        status = _describe(seen, status, RunPhase.FAILED, Reason.UNKNOWN, message)
        return Decision(status.model_copy(update={"completed_at": seen.now, "progress": None}))
    if end.outcome is not None and end.kind is ends.EndKind.FINISHED:
        return Decision(finish_run(status, end.outcome, seen.generation, seen.now))
    return Decision(_give_up(seen, status, ledger), stop=attempts.find_leftovers(seen.jobs, status.attempts))


def _give_up(seen: Observed[SpecT, RunStatus], status: RunStatus, ledger: Ledger) -> RunStatus:
    end = ledger.end
    assert end is not None
    told = verdicts.describe_defeat(ledger, end)
    if end.outcome is not None:
        outcome = end.outcome.model_copy(update={"reason": told.reason, "message": told.message[:1024]})
        return finish_run(status, outcome, seen.generation, seen.now)
    status = _describe(seen, status, RunPhase.FAILED, told.reason, told.message)
    return status.model_copy(update={"completed_at": seen.now, "progress": None})


def _halt(
    seen: Observed[SpecT, RunStatus], status: RunStatus, ledger: Ledger, rules: RunRules[SpecT, RunStatus]
) -> Decision[RunStatus]:
    """The user wants the run to stop, for good or for now."""
    reason = Reason.CANCELLED if rules.cancel else Reason.SUSPENDED
    if ledger.stage is Stage.OPEN:
        message = "The trainer is writing a checkpoint and stops."
        phase = rules.working_phase if ledger.pod is not None and ledger.pod.started_at else RunPhase.QUEUED
        return Decision(
            _describe(seen, status, phase, reason, message),
            stop=_live_jobs(seen),
            requeue_after_seconds=ends.SETTLE_SECONDS,
        )
    status = status.model_copy(update={"progress": None})
    if rules.cancel:
        status = status.model_copy(update={"completed_at": seen.now})
        return Decision(_describe(seen, status, RunPhase.CANCELLED, reason, "`spec.cancel` ended the run."))
    message = "`spec.suspend` is true; set it to false to go on from the last checkpoint."
    return Decision(_describe(seen, status, RunPhase.QUEUED, reason, message))


def _follow(
    seen: Observed[SpecT, RunStatus],
    status: RunStatus,
    ledger: Ledger,
    rules: RunRules[SpecT, RunStatus],
    config: OperatorConfig,
) -> Decision[RunStatus]:
    """An attempt is open: say what it waits for, or how far it is."""
    pod, job = ledger.pod, ledger.job
    if pod is not None and pod.over:
        return Decision(status, requeue_after_seconds=ends.SETTLE_SECONDS)
    if pod is None or not pod.running:
        wait = waiting.describe_waiting(job, pod, seen.found)
        status = status.model_copy(update={"progress": None})
        status = _describe(seen, status, RunPhase.QUEUED, wait.reason, wait.message)
        outdated = wait.reason is Reason.IMAGE_PULL_FAILED and job is not None and job.image != config.trainer.image
        return Decision(
            status, stop=_live_jobs(seen) if outdated else (), requeue_after_seconds=ends.SETTLE_SECONDS * 3
        )
    status = status.model_copy(update={"progress": _progress(seen, pod.uid) or status.progress})
    status = _describe(seen, status, rules.working_phase, rules.working_reason, rules.working_message)
    left = _seconds_left(seen, pod.started_at, rules.wall_limit_seconds)
    stop = _live_jobs(seen) if left is not None and left <= 0 else ()
    return Decision(
        status, stop=stop, requeue_after_seconds=max(left, ends.SETTLE_SECONDS) if left is not None else None
    )


def _start(
    seen: Observed[SpecT, RunStatus],
    status: RunStatus,
    ledger: Ledger,
    rules: RunRules[SpecT, RunStatus],
    history: History,
) -> Decision[RunStatus]:
    """No attempt is open and another may follow."""
    status = status.model_copy(update={"progress": None})
    blocker = rules.find_blocker()
    if blocker is not None and blocker.reason in FAILING:
        status = _describe(seen, status, RunPhase.FAILED, blocker.reason, blocker.message)
        return Decision(status.model_copy(update={"completed_at": seen.now}))
    if blocker is not None:
        return Decision(_describe(seen, status, RunPhase.QUEUED, blocker.reason, blocker.message))
    if ledger.stage is Stage.PAUSED and ledger.not_before is not None:
        pause = (ledger.not_before - seen.now).total_seconds()
        return Decision(_describe_pause(seen, status, ledger), requeue_after_seconds=pause)
    if history.jobs and any(job.deleting and job.live for job in history.jobs):
        return Decision(status, requeue_after_seconds=ends.SETTLE_SECONDS)
    job_name = attempts.name_job(history, ledger.next_number)
    status = status.model_copy(update={"attempts": attempts.open_attempt(ledger, job_name)})
    message = waiting.describe_created(job_name)
    return Decision(
        _describe(seen, status, RunPhase.QUEUED, Reason.SCHEDULING, message),
        start=ledger.next_number,
        requeue_after_seconds=ends.SETTLE_SECONDS * 3,
    )


def _describe_pause(seen: Observed[SpecT, RunStatus], status: RunStatus, ledger: Ledger) -> RunStatus:
    pause = verdicts.describe_pause(ledger)
    return status if pause is None else _describe(seen, status, RunPhase.QUEUED, pause.reason, pause.message)


def _describe(
    seen: Observed[SpecT, RunStatus], status: RunStatus, phase: RunPhase, reason: Reason, message: str
) -> RunStatus:
    return describe_run(status, phase, reason, message, seen.generation, seen.now)


def _progress(seen: Observed[SpecT, RunStatus], pod_uid: str) -> ProgressStatus | None:
    if seen.report is None or seen.report.pod_uid != pod_uid:
        return None
    told = seen.report.progress
    return ProgressStatus(percent=told.percent, stage=told.stage, trial=told.trial, eta_seconds=told.eta_seconds)


def _seconds_left(
    seen: Observed[SpecT, RunStatus], started_at: datetime | None, wall_limit_seconds: float | None
) -> float | None:
    if wall_limit_seconds is None or started_at is None:
        return None
    return wall_limit_seconds - (seen.now - started_at).total_seconds()


def _live_jobs(seen: Observed[SpecT, RunStatus]) -> tuple[ObservedJob, ...]:
    return tuple(job for job in seen.jobs if job.live and not job.deleting)
