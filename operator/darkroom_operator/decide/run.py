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
from darkroom_api.v1alpha1.run_status import RunStatus
from darkroom_operator.decide import accounts, attempts, cancel, retries, steps
from darkroom_operator.decide.retries import Limits, Stage
from darkroom_operator.decide.steps import Decision, Demand, Situation
from darkroom_operator.decide.waits import waiting
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
    run = Situation(demand, ledger, accounts.bring_up_to_date(demand, ledger))

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
        deadline_seconds=demand.hardware.find_deadline(given, _count_nodes(seen)),
        rate=demand.hardware.rate,
        stopping=demand.suspend or demand.cancel or stopped,
        time_limit=demand.time_limit,
    )
    return attempts.assess_attempts(seen, criteria, (job.attempt for job in seen.jobs))


def _count_nodes(seen: Observed[Any, Any]) -> int | None:
    """Return how many nodes take part by what the trainer last said; None where it waits for them or said nothing."""
    said = seen.report.progress if seen.report is not None else None
    return said.nodes if said is not None and not said.waits_for_nodes else None


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
