"""What Models and Evaluations have in common: the way of a run through its attempts.

                 blocked (Dataset, class, Secret)      pause after a bad end
                   |                                     ^        |
                   v                                     |        v
    (new) ----> Queued -- start --> Queued ----------> Training/Evaluating --> Succeeded
                   ^   attempt      (pod waits)          |                     Failed
                   |                                     | suspend             Cancelled (see `cancel`)
                   +-------------------------------------+

Owns that story. What blocks a run, and the budget, belong to `model` and `evaluation`, which fill in `rules`.
"""

from darkroom_api.conditions import TERMINAL_PHASES, Reason, RunPhase
from darkroom_api.results import finish_run
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide import attempts, cancel, ends, steps, verdicts
from darkroom_operator.decide.attempts import History, Ledger
from darkroom_operator.decide.decision import Decision
from darkroom_operator.decide.retries import Limits, Stage
from darkroom_operator.decide.rules import FAILING, RunRules, RunStatus, SpecT
from darkroom_operator.decide.steps import Situation
from darkroom_operator.facts.views import Observed


def decide_run(
    seen: Observed[SpecT, RunStatus], rules: RunRules[SpecT, RunStatus], config: OperatorConfig
) -> Decision[RunStatus]:
    """Return what to do about a Model or an Evaluation."""
    status = seen.status
    if seen.deleting:
        return Decision(status)
    if status.phase in TERMINAL_PHASES:
        return Decision(status, stop=attempts.find_leftovers(seen.jobs, status.attempts))
    history = _gather_history(seen, rules, config)
    ledger = attempts.assess_attempts(history)
    status = rules.account(_record(seen, status, ledger), ledger)
    return _decide(Situation(seen, status, history, ledger, rules, config))


def _decide(now: Situation[SpecT, RunStatus]) -> Decision[RunStatus]:
    ledger, rules = now.ledger, now.rules
    if _has_result(ledger):
        return _finish(now)
    if cancel.is_cancelled(rules.cancel, ledger.attempts):
        return cancel.decide_cancelled(now)
    if ledger.stage is Stage.ENDED:
        return _give_up(now)
    if rules.suspend:
        return _halt(now)
    return steps.follow(now) if ledger.stage is Stage.OPEN else _go_on(now)


def _gather_history(
    seen: Observed[SpecT, RunStatus], rules: RunRules[SpecT, RunStatus], config: OperatorConfig
) -> History:
    recorded, given = seen.status.attempts, rules.allocate(seen.status.attempts)
    return History(
        recorded=recorded,
        owner_name=seen.key.name,
        uid=seen.uid,
        jobs=seen.jobs,
        pods=seen.pods,
        all_numbers=tuple(job.attempt for job in seen.jobs),
        now=seen.now,
        deadline_seconds=(seen.status.allocation or given).deadline_seconds,
        limits=Limits(config.retries, config.start_timeout_seconds),
        allocation=given,
        stop_requested=rules.suspend or rules.cancel or _was_stopped(seen),
        report=seen.report,
        found=seen.found,
    )


def _was_stopped(seen: Observed[SpecT, RunStatus]) -> bool:
    """Return whether its user's wish is what ends the open attempt, though the wish is taken back by now."""
    recorded = seen.status.attempts
    return seen.status.reason in steps.WISHES and bool(recorded) and recorded[-1].outcome is None


def _record(seen: Observed[SpecT, RunStatus], status: RunStatus, ledger: Ledger) -> RunStatus:
    status = status.model_copy(
        update={
            "attempts": ledger.attempts,
            "queued_at": status.queued_at or seen.created_at or seen.now,
            "started_at": status.started_at or ledger.first_started_at,
        }
    )
    return steps.record(status, ledger)


def _has_result(ledger: Ledger) -> bool:
    """Return whether the last attempt ended for good; the result of a publication is read in `cancel`."""
    end = ledger.end
    if ledger.stage is not Stage.ENDED or end is None or ledger.attempts[-1].publish_only:
        return False
    return end.kind is ends.EndKind.FINISHED and end.outcome is not None


def _finish(now: Situation[SpecT, RunStatus]) -> Decision[RunStatus]:
    end = now.ledger.end
    assert end is not None
    assert end.outcome is not None
    return Decision(finish_run(now.status, end.outcome, now.seen.generation, now.seen.now))


def _give_up(now: Situation[SpecT, RunStatus]) -> Decision[RunStatus]:
    """The last attempt ended badly, and none follows."""
    end = now.ledger.end
    if end is None:
        message = now.status.message or "The last attempt ended, and nothing tells how."
        return Decision(now.end(RunPhase.FAILED, Reason.UNKNOWN, message))
    told = verdicts.describe_defeat(now.ledger, end, now.rules.memory)
    if end.outcome is None:
        return steps.leave(now, Decision(now.end(RunPhase.FAILED, told.reason, told.message)))
    outcome = end.outcome.model_copy(update={"reason": told.reason, "message": told.message[:1024]})
    return steps.leave(now, Decision(finish_run(now.status, outcome, now.seen.generation, now.seen.now)))


def _halt(now: Situation[SpecT, RunStatus]) -> Decision[RunStatus]:
    """The user wants the run to stop for now."""
    if now.ledger.stage is Stage.OPEN:
        message = "The trainer is writing a checkpoint and stops."
        works = now.ledger.pod is not None and now.ledger.pod.started_at is not None
        phase = now.rules.working_phase if works else RunPhase.QUEUED
        status = now.describe(phase, Reason.SUSPENDED, message)
        return Decision(status, stop=now.live_jobs, requeue_after_seconds=ends.SETTLE_SECONDS)
    message = "`spec.suspend` is true; set it to false to go on from the last checkpoint."
    return steps.leave(now, Decision(now.describe(RunPhase.QUEUED, Reason.SUSPENDED, message, progress=None)))


def _go_on(now: Situation[SpecT, RunStatus]) -> Decision[RunStatus]:
    """No attempt is open and another may follow."""
    blocker = now.rules.find_blocker()
    if blocker is not None and blocker.reason in FAILING:
        return steps.leave(now, Decision(now.end(RunPhase.FAILED, blocker.reason, blocker.message)))
    if blocker is not None:
        status = now.describe(RunPhase.QUEUED, blocker.reason, blocker.message, progress=None)
        return steps.leave(now, Decision(status))
    if now.ledger.stage is Stage.PAUSED and now.ledger.not_before is not None:
        return steps.pause(now, now.ledger.not_before)
    return steps.start(now)
