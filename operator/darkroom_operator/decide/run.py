"""What to do about a Model, an Evaluation or a Prediction: the way of a run through its attempts.

                 blocked (Dataset, class, Secret)      pause after a bad end
                   |                                     ^        |
                   v                                     |        v
    (new) ----> Queued -- start --> Queued ----------> Training, ... --> Succeeded
                   ^   attempt      (pod waits)          |               Failed
                   |                                     | suspend       Cancelled (see `cancel`)
                   +-------------------------------------+

Owns that story, which `_decide` tells. What a kind brings along is filled in by `model` and `model_use`; the steps
are in `steps`.
"""

from dataclasses import replace
from typing import Any

from darkroom_api import results
from darkroom_api.blockers import Blocker
from darkroom_api.conditions import TERMINAL_PHASES, Reason, RunPhase
from darkroom_api.report import Outcome
from darkroom_api.results import RunStatusT
from darkroom_api.v1alpha1.model import BudgetStatus, ModelStatus
from darkroom_api.v1alpha1.run_status import RunStatus
from darkroom_operator.decide import attempts, cancel, retries, steps, waiting
from darkroom_operator.decide.retries import Limits, Stage
from darkroom_operator.decide.steps import Decision, Demand, Situation
from darkroom_operator.facts.views import Observed


def decide_run(demand: Demand[RunStatusT]) -> Decision[RunStatusT]:
    """Return the status of a run, with what is known of its queue, and what to start or stop."""
    decision, seen = _decide(demand), demand.seen
    named = demand.config.find_queue(seen.key.namespace, seen.spec.queue)
    conditions = waiting.describe_queue(decision.status, named, seen)
    return replace(decision, status=decision.status.model_copy(update={"conditions": conditions}))


def _decide(demand: Demand[RunStatusT]) -> Decision[RunStatusT]:
    seen, status = demand.seen, demand.seen.status
    # 1. Leave alone what is over; stop what still works of it.
    if _is_over(status):
        return steps.leave(seen, status)

    # 2. Learn how the attempts are, and bring the status and its meters up to date.
    ledger = _assess(demand)
    run = Situation(demand, ledger, _account(demand, ledger))

    # 3. A result ends the run, whatever its user wishes by now.
    outcome = _find_result(ledger)
    if outcome is not None:
        return run.leave(run.finish(outcome))

    # 4. A cancelled run stops, publishes the best model so far, and ends.
    if demand.cancel or ledger.publishes:
        return cancel.decide_cancelled(run)

    # 5. The last attempt failed, and none may follow.
    if ledger.stage is Stage.ENDED:
        return _give_up(run)

    # 6. A suspended run stops after a checkpoint and waits.
    if demand.suspend:
        return _suspend(run)

    # 7. An open attempt is followed to its end.
    if ledger.stage is Stage.OPEN:
        return steps.follow(run)

    # 8. What keeps the next attempt from starting ends the run, or is waited for.
    blocker = demand.find_blocker()
    if blocker is not None:
        return _block(run, blocker)

    # 9. After a failed attempt the next one waits for its pause, then starts.
    if ledger.stage is Stage.PAUSED and ledger.not_before is not None:
        return steps.pause(run, ledger.not_before)
    return steps.start(run)


def _is_over(status: RunStatus) -> bool:
    """Return whether a run has ended, perhaps in a way that only another version knows."""
    return status.phase in TERMINAL_PHASES or (status.phase is RunPhase.UNKNOWN and status.completed_at is not None)


def _assess(demand: Demand[RunStatusT]) -> attempts.Ledger:
    seen, config = demand.seen, demand.config
    recorded, given = seen.status.attempts, seen.status.allocation
    given = given or demand.hardware.allow(demand.budget_seconds, demand.time_limit, recorded)
    # A wish that is taken back by now still is what ends the attempt that was open then.
    stopped = results.is_stopped_by_user(seen.status) and bool(recorded) and recorded[-1].outcome is None
    criteria = attempts.Criteria(
        limits=Limits(config.retries, config.start_timeout_seconds),
        deadline_seconds=float(given.deadline_seconds),
        rate=demand.hardware.rate,
        stopping=demand.suspend or demand.cancel or stopped,
        time_limit=demand.time_limit,
    )
    return attempts.assess_attempts(seen, criteria, (job.attempt for job in seen.jobs))


def _account(demand: Demand[RunStatusT], ledger: attempts.Ledger) -> RunStatusT:
    """Return the status with the attempts as they are, what the last one was given and where it is, and both meters."""
    seen, status = demand.seen, demand.seen.status
    update: dict[str, object] = {
        "attempts": ledger.attempts,
        "queued_at": status.queued_at or seen.created_at or seen.now,
        "started_at": status.started_at or ledger.first_started_at,
    }
    given = status.allocation
    if given is not None and ledger.attempts:
        update["allocation"] = given.model_copy(update={"node": ledger.attempts[-1].node})
    if demand.budget_seconds is not None and isinstance(status, ModelStatus):
        before = status.budget.allocated_seconds if status.budget else 0.0
        budget = BudgetStatus(
            total_seconds=demand.budget_seconds,
            allocated_seconds=attempts.sum_allocated(status.attempts, ledger.attempts, before),
            remaining_seconds=demand.budget_seconds,
        )
        charged_before = status.budget.charged_seconds if status.budget else 0.0
        update["budget"] = results.charge(budget, _find_charged(seen, ledger, charged_before))
    return status.model_copy(update=update)


def _find_charged(seen: Observed[Any, RunStatusT], ledger: attempts.Ledger, charged_before: float) -> float:
    """Return what is kept and what the running trainer adds.

    Infrastructure that ends an attempt refunds what no checkpoint holds. A crash refunds nothing: what was reported
    last stays charged, until a later attempt has read the checkpoint and reports.
    """
    report, pod, recorded = seen.report, ledger.pod, seen.status.attempts[-1:]
    if pod is not None and report is not None and report.pod_uid == pod.uid:
        return max(report.progress.meter.charged_seconds, ledger.kept_seconds)
    if pod is not None and recorded and recorded[0].pod_uid == pod.uid:
        return charged_before
    last = next((attempt for attempt in reversed(ledger.attempts) if attempt.outcome is not None), None)
    crashed = last is not None and not last.free and last.charged_seconds is None
    return max(ledger.kept_seconds, charged_before) if crashed else ledger.kept_seconds


def _find_result(ledger: attempts.Ledger) -> Outcome | None:
    """Return the report that ends the run; the one of a publication is read in `cancel`."""
    end = ledger.end
    if ledger.stage is not Stage.ENDED or end is None or ledger.attempts[-1].publish_only:
        return None
    return end.outcome if end.is_result else None


def _give_up(run: Situation[RunStatusT]) -> Decision[RunStatusT]:
    end, hardware = run.ledger.end, run.demand.hardware
    if end is None:
        message = run.status.message or "The last attempt ended without a recorded outcome."
        return run.end(RunPhase.FAILED, Reason.UNKNOWN, message)
    field = f"computeClasses.{hardware.class_name}.memory"
    defeat = retries.describe_defeat(run.ledger.attempts, end, field, hardware.compute.memory)
    if end.outcome is None:
        return run.end(RunPhase.FAILED, defeat.reason, defeat.message)
    return run.leave(
        run.finish(end.outcome.model_copy(update={"reason": defeat.reason, "message": defeat.message[:1024]}))
    )


def _suspend(run: Situation[RunStatusT]) -> Decision[RunStatusT]:
    if run.ledger.stage is Stage.OPEN:
        message = "The trainer is writing a checkpoint before it stops."
        status = run.describe(steps.find_stopping_phase(run), Reason.SUSPENDED, message)
        return run.halt(status)
    message = "`spec.suspend` is true; set it to false to continue from the last checkpoint."
    return run.leave(run.describe(RunPhase.QUEUED, Reason.SUSPENDED, message, progress=None))


def _block(run: Situation[RunStatusT], blocker: Blocker) -> Decision[RunStatusT]:
    if blocker.final:
        return run.end(RunPhase.FAILED, blocker.reason, blocker.message)
    return run.leave(run.describe(RunPhase.QUEUED, blocker.reason, blocker.message, progress=None))
