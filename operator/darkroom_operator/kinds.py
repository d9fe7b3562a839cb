"""The three kinds, each with how it is observed, decided and planned.

Owns that table and nothing else: `reconcile` is the same for all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from darkroom_api.conditions import TERMINAL_PHASES
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide import checks, dataset, evaluation, model, queueing, refusal
from darkroom_operator.decide.decision import Decision, Problem
from darkroom_operator.facts.views import Observed
from darkroom_operator.manifests.run_config import Plan, plan_evaluation, plan_inspection, plan_training
from darkroom_operator.observing import observe
from darkroom_operator.observing.store import Store, StoredOwner


@dataclass(frozen=True)
class Case:
    """One object as it was observed, what was decided, and how an attempt of it is planned."""

    seen: Observed[Any, Any]
    decision: Decision[Any]
    plan: Callable[[int], Plan]
    find_blocker: Callable[[], Problem | None]
    """Whether there can be a plan now."""

    def refuse(self, problem: Problem) -> "Case":
        """Return the case as it is when the API server does not take the Job that was to start."""
        return replace(self, decision=refusal.decide_refused(self.seen, self.decision, problem))


def consider(store: Store, owner: StoredOwner, told: observe.Told, config: OperatorConfig) -> Case:
    """Observe an object and decide; raises InvalidSpecError."""
    return _CASES[owner.key.kind](store, owner, told, config)


def _consider_dataset(store: Store, owner: StoredOwner, told: observe.Told, config: OperatorConfig) -> Case:
    seen = observe.observe_dataset(store, owner, told)
    return Case(
        seen,
        dataset.decide_dataset(seen, config),
        lambda attempt: plan_inspection(seen, attempt, config),
        lambda: checks.check_addresses(seen.spec) or dataset.find_blocker(seen, config),
    )


def _consider_model(store: Store, owner: StoredOwner, told: observe.Told, config: OperatorConfig) -> Case:
    view = observe.observe_model(store, owner, told)
    seen, decision = view.self_, model.decide_model(view, config)
    if decision.status.phase not in TERMINAL_PHASES:
        status = queueing.set_queue_available(
            decision.status, seen.spec.queue, seen.found.queue, seen.key.namespace, seen.now
        )
        decision = replace(decision, status=status)
    return Case(
        seen,
        decision,
        lambda _: plan_training(view, decision.status, config),
        lambda: model.find_blocker(view, config),
    )


def _consider_evaluation(store: Store, owner: StoredOwner, told: observe.Told, config: OperatorConfig) -> Case:
    view = observe.observe_evaluation(store, owner, told)
    decision = evaluation.decide_evaluation(view, config)
    return Case(
        view.self_,
        decision,
        lambda _: plan_evaluation(view, decision.status, config),
        lambda: evaluation.find_blocker(view, config),
    )


_CASES = {"Dataset": _consider_dataset, "Model": _consider_model, "Evaluation": _consider_evaluation}
