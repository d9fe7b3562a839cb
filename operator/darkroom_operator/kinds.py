"""The three kinds, each with how it is observed, decided and planned.

Owns that table and nothing else: `reconcile` is the same for all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from darkroom_api.conditions import TERMINAL_PHASES, DatasetPhase, Reason
from darkroom_operator import observe
from darkroom_operator.build.run_config import Plan, plan_evaluation, plan_inspection, plan_training
from darkroom_operator.children import Json
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide import dataset, evaluation, model, refusal
from darkroom_operator.decide.decision import Decision, Problem
from darkroom_operator.decide.queueing import set_queue_available
from darkroom_operator.store import Store, StoredOwner
from darkroom_operator.views import Observed

_SETTLED: Final = frozenset({*TERMINAL_PHASES, DatasetPhase.READY, DatasetPhase.INVALID})


@dataclass(frozen=True)
class Case:
    """One object as it was observed, what was decided, and how an attempt of it is planned."""

    seen: Observed[Any, Any]
    decision: Decision[Any]
    plan: Callable[[int], Plan]

    def refuse(self, problem: Problem) -> "Case":
        """Return the case as it is when the API server does not take the Job that was to start."""
        return replace(self, decision=refusal.decide_refused(self.seen, self.decision, problem))


def consider(store: Store, owner: StoredOwner, told: observe.Told, config: OperatorConfig) -> Case:
    """Observe an object and decide; raises InvalidSpecError."""
    return _CASES[owner.key.kind](store, owner, told, config)


def consider_unreadable(
    store: Store, owner: StoredOwner, error: observe.InvalidSpecError, now: datetime
) -> Json | None:
    """Return the status of an object of which a spec cannot be read; None where that changes nothing for it."""
    status = observe.observe_status(owner)
    if status.phase in _SETTLED or any(pod.running for pod in store.pods(owner.uid)):
        return None
    problem = Problem(Reason.INVALID_CONFIGURATION, error.describe(owner.key))
    described: Json = refusal.describe(status, problem, owner.generation, now).to_json()
    return described


def _consider_dataset(store: Store, owner: StoredOwner, told: observe.Told, config: OperatorConfig) -> Case:
    seen = observe.observe_dataset(store, owner, told)
    return Case(seen, dataset.decide_dataset(seen, config), lambda attempt: plan_inspection(seen, attempt, config))


def _consider_model(store: Store, owner: StoredOwner, told: observe.Told, config: OperatorConfig) -> Case:
    view = observe.observe_model(store, owner, told)
    seen, decision = view.self_, model.decide_model(view, config)
    if decision.status.phase not in TERMINAL_PHASES:
        status = set_queue_available(decision.status, seen.spec.queue, seen.found.queue, seen.key.namespace, seen.now)
        decision = replace(decision, status=status)
    return Case(seen, decision, lambda _: plan_training(view, decision.status, config))


def _consider_evaluation(store: Store, owner: StoredOwner, told: observe.Told, config: OperatorConfig) -> Case:
    view = observe.observe_evaluation(store, owner, told)
    decision = evaluation.decide_evaluation(view, config)
    return Case(view.self_, decision, lambda _: plan_evaluation(view, decision.status, config))


_CASES = {"Dataset": _consider_dataset, "Model": _consider_model, "Evaluation": _consider_evaluation}
