"""What a status says when the API server does not take a Job, or when a spec cannot be read.

Owns the words for it; nothing is recorded as an attempt, so that the next try is the same one.
"""

from datetime import datetime

from darkroom_api.conditions import DatasetPhase, RunPhase
from darkroom_api.results import describe_dataset, describe_run
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_operator.decide.decision import Decision, Problem
from darkroom_operator.facts.views import Observed, SpecT, StatusT

RETRY_SECONDS = 30.0


def decide_refused(seen: Observed[SpecT, StatusT], decision: Decision[StatusT], problem: Problem) -> Decision[StatusT]:
    """Return the decision that takes the place of `decision`, whose Job was refused."""
    without = decision.status.model_copy(update={"attempts": decision.status.attempts[:-1]})
    status = describe(without, problem, seen.generation, seen.now)
    return Decision(status, requeue_after_seconds=RETRY_SECONDS)


def describe(status: StatusT, problem: Problem, generation: int, now: datetime) -> StatusT:
    """Return `status` waiting for `problem` to be mended."""
    if isinstance(status, DatasetStatus):
        return describe_dataset(status, DatasetPhase.PENDING, problem.reason, problem.message, generation, now)
    return describe_run(status, RunPhase.QUEUED, problem.reason, problem.message, generation, now)
