"""What `spec.cancel` does: the open attempt writes a checkpoint and stops, then one more publishes the best model.

    Training -- stop --> Training/Queued (Cancelled) -- stopped, work was kept --> one attempt that only publishes
                                  |                                                     |            |
                                  +-- no work was kept --> Cancelled, no model <-- it fails        published
                                                                                                     |
                                                                          Cancelled, with artifacts and scores

Owns that story. Which attempt only publishes is written down in the attempt and on its Job; once there is one, the run
is cancelled for good, whatever the spec says.
"""

from dataclasses import replace
from typing import Final

from darkroom_api import results
from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.endings import find_ending
from darkroom_api.results import RunStatusT
from darkroom_api.v1alpha1.common import Attempt
from darkroom_operator.decide import ends, steps
from darkroom_operator.decide.attempts import Ledger
from darkroom_operator.decide.retries import Stage
from darkroom_operator.decide.steps import Decision, Situation

_ENDED: Final = "`spec.cancel` ended the run"
_PUBLISHES: Final = "`spec.cancel` ends the run; the best model so far will be published."


def decide_cancelled(run: Situation[RunStatusT]) -> Decision[RunStatusT]:
    """Return what to do about a cancelled run that no result ended before."""
    ledger = run.ledger
    # 1. An open attempt stops after a checkpoint, unless it is the one that publishes.
    if ledger.open is not None:
        return _publish(run) if ledger.open.publish_only else _stop(run)

    # 2. The publication is over, and is not tried again.
    last = ledger.attempts[-1] if ledger.attempts else None
    if last is not None and last.publish_only and (ledger.stage is Stage.ENDED or not _is_tried_again(last)):
        return _conclude(run)

    # 3. Nothing was kept that could be published.
    if last is None or not (last.publish_only or holds_work(ledger)):
        return _end_without_model(run, f"{_ENDED} before any work was kept; there is no model.")

    # 4. One attempt publishes the best model so far; it waits for its pause where the infrastructure ended another.
    if last.publish_only and ledger.stage is Stage.PAUSED and ledger.not_before is not None:
        return _name_cancel(run, steps.pause(run, ledger.not_before))
    blocker = run.demand.find_blocker()
    if blocker is not None:
        message = f"{_ENDED}; the best model so far could not be published: {blocker.message}"
        return _end_without_model(run, message)
    return _name_cancel(run, steps.start(run, publish_only=True))


def _is_tried_again(publication: Attempt) -> bool:
    ending = find_ending(publication.outcome)
    return ending is not None and ending.republishes


def holds_work(ledger: Ledger) -> bool:
    """Return whether a checkpoint may exist: an attempt said so, or worked and could say nothing at its end."""
    return ledger.kept_seconds > 0 or any(_ended_silently(attempt) for attempt in ledger.attempts)


def _ended_silently(attempt: Attempt) -> bool:
    ending = find_ending(attempt.outcome)
    worked = attempt.started_at is not None and (ending is None or ending.worked)
    return worked and attempt.charged_seconds is None


def _stop(run: Situation[RunStatusT]) -> Decision[RunStatusT]:
    phase = steps.find_stopping_phase(run)
    message = "The trainer is writing a checkpoint before it stops; then the best model so far is published."
    if phase is RunPhase.QUEUED:
        message = f"{_ENDED}; its Job is being deleted."
    return run.halt(run.describe(phase, Reason.CANCELLED, message))


def _publish(run: Situation[RunStatusT]) -> Decision[RunStatusT]:
    decision, phase = steps.follow(run), run.demand.work.phase
    if decision.status.phase is not phase:
        return _name_cancel(run, decision)
    message = "`spec.cancel` ends the run; the best model so far is being published."
    status = replace(run, status=decision.status).describe(phase, Reason.CANCELLED, message)
    return replace(decision, status=status)


def _name_cancel(run: Situation[RunStatusT], decision: Decision[RunStatusT]) -> Decision[RunStatusT]:
    """Return a decision to wait whose status says what for: the publication."""
    said, prefix = decision.status.message or "", f"{_PUBLISHES} "
    message = said if said.startswith(prefix) else prefix + said
    status = replace(run, status=decision.status).describe(RunPhase.QUEUED, Reason.CANCELLED, message)
    return replace(decision, status=status)


def _conclude(run: Situation[RunStatusT]) -> Decision[RunStatusT]:
    """The publication is over: say whether there is a model, and where, or why there is none."""
    end = run.ledger.end
    outcome, message = end.outcome if end is not None else None, _tell_conclusion(end)
    if outcome is None or outcome.artifacts is None:
        return _end_without_model(run, message)
    said = outcome.model_copy(update={"reason": Reason.CANCELLED, "message": message[:1024]})
    return run.leave(run.finish(said))


def _end_without_model(run: Situation[RunStatusT], message: str) -> Decision[RunStatusT]:
    """End the run, and charge nothing: there is no model to pay for."""
    return replace(run, status=results.refund(run.status)).end(RunPhase.CANCELLED, Reason.CANCELLED, message)


def _tell_conclusion(end: ends.End | None) -> str:
    if end is None:
        return f"{_ENDED}; no model was kept: its publication ended without a recorded outcome."
    artifacts = end.outcome.artifacts if end.outcome is not None else None
    if artifacts is None:
        return f"{_ENDED}; no model was kept: {end.message}"
    where = "" if artifacts.uri in end.message else f" It is at {artifacts.uri}."
    return f"{_ENDED}; the best model so far was kept: {ends.as_sentence(end.message)}{where}"
