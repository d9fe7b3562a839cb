"""The status of an object of which a spec cannot be read: its own, or the one of an object that it names.

Owns what such a status says. Written before a rule of the contract was added, an object is told so instead of ignored.
"""

from datetime import datetime
from typing import Final

from darkroom_api.conditions import TERMINAL_PHASES, DatasetPhase, Reason
from darkroom_operator.decide import refusal
from darkroom_operator.decide.decision import Problem
from darkroom_operator.facts.children import Json
from darkroom_operator.observing import observe
from darkroom_operator.observing.store import Store, StoredOwner

_SETTLED: Final = frozenset({*TERMINAL_PHASES, DatasetPhase.READY, DatasetPhase.INVALID})


def describe_unreadable(
    store: Store, owner: StoredOwner, error: observe.InvalidSpecError, now: datetime
) -> Json | None:
    """Return the status; None where the object has its result, or a container that works on it."""
    status = observe.observe_status(owner)
    if status.phase in _SETTLED or any(pod.running for pod in store.pods(owner.uid)):
        return None
    problem = Problem(Reason.INVALID_CONFIGURATION, error.describe(owner.key))
    described: Json = refusal.describe(status, problem, owner.generation, now).to_json()
    return described
