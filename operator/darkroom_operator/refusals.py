"""What a status says where nothing can be done yet: the API server refuses a Job, or a spec cannot be read.

Owns the decision that takes another one's place then. Must not read or write.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, get_args

from darkroom_api.blockers import Blocker
from darkroom_api.conditions import TERMINAL_PHASES, DatasetPhase, Reason, RunPhase
from darkroom_api.results import AnyStatus, describe_dataset, describe_run
from darkroom_api.v1alpha1.dataset import DatasetStatus
from darkroom_operator.api.resources import Json
from darkroom_operator.decide.steps import Decision
from darkroom_operator.decide.waits import waiting
from darkroom_operator.facts.children import ObservedPod
from darkroom_operator.facts.reading import read_asked
from darkroom_operator.facts.views import Observed
from darkroom_operator.writing import apply, isolation

RETRY_SECONDS: Final = 30.0
"""When to try again what was refused: no watch says that its cause is gone."""


Refusal = apply.JobRefusedError | apply.JobNameTakenError | isolation.PolicyRefusedError | apply.NodeObjectRefusedError
REFUSALS: Final = get_args(Refusal)
"""The same, as what is caught."""


def explain_refusal(error: Refusal, manifest: Json) -> Blocker:
    """Return what the API server has against a Job, or against what has to be there before it."""
    name, namespace = manifest["metadata"]["name"], manifest["metadata"]["namespace"]
    if isinstance(error, isolation.PolicyRefusedError):
        return waiting.explain_missing_policy(str(error), namespace)
    if isinstance(error, apply.NodeObjectRefusedError):
        return Blocker(Reason.INVALID_CONFIGURATION, str(error))
    if isinstance(error, apply.JobNameTakenError):
        return waiting.explain_name_conflict(name, namespace)
    return waiting.explain_refusal(str(error), read_asked(manifest), namespace)


def decide_refused(seen: Observed[Any, Any], decision: Decision[Any], blocker: Blocker) -> Decision[Any]:
    """Return the decision that takes the place of `decision`, whose Job was refused.

    Nothing is recorded as an attempt, so that the next try is the same one.
    """
    without = decision.status.model_copy(update={"attempts": decision.status.attempts[:-1]})
    return Decision(_block(without, blocker, seen.generation, seen.now), requeue_after_seconds=RETRY_SECONDS)


def describe_unreadable(
    status: AnyStatus, pods: Iterable[ObservedPod], why: str, generation: int, now: datetime
) -> AnyStatus | None:
    """Return the status of an object of which a spec cannot be read: its own, or that of an object that it names.

    None where the object has its result, or a container that works on it.
    """
    settled = status.phase in TERMINAL_PHASES or status.phase in (DatasetPhase.READY, DatasetPhase.INVALID)
    if settled or any(pod.running for pod in pods):
        return None
    return _block(status, Blocker(Reason.INVALID_CONFIGURATION, why), generation, now)


def _block(status: AnyStatus, blocker: Blocker, generation: int, now: datetime) -> AnyStatus:
    if isinstance(status, DatasetStatus):
        return describe_dataset(status, DatasetPhase.PENDING, blocker.reason, blocker.message, generation, now)
    return describe_run(status, RunPhase.QUEUED, blocker.reason, blocker.message, generation, now)
