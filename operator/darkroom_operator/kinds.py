"""The three kinds, each with how it is observed, decided and planned.

Owns that table and nothing else: `reconcile` is the same for all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from darkroom_operator.build.run_config import Plan, plan_evaluation, plan_inspection, plan_training
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide.dataset import decide_dataset
from darkroom_operator.decide.decision import Decision
from darkroom_operator.decide.evaluation import decide_evaluation
from darkroom_operator.decide.model import decide_model
from darkroom_operator.observe import Observed, Report, observe_dataset, observe_evaluation, observe_model
from darkroom_operator.store import Store, StoredOwner


@dataclass(frozen=True)
class Case:
    """One object as it was observed, what was decided, and how an attempt of it is planned."""

    seen: Observed[Any, Any]
    decision: Decision[Any]
    plan: Callable[[int], Plan]


def consider(store: Store, owner: StoredOwner, report: Report | None, config: OperatorConfig, now: datetime) -> Case:
    """Observe an object and decide; raises InvalidSpecError."""
    return _CASES[owner.key.kind](store, owner, report, config, now)


def _consider_dataset(
    store: Store, owner: StoredOwner, _report: Report | None, config: OperatorConfig, now: datetime
) -> Case:
    seen = observe_dataset(store, owner, now)
    return Case(seen, decide_dataset(seen, config), lambda attempt: plan_inspection(seen, attempt, config))


def _consider_model(
    store: Store, owner: StoredOwner, report: Report | None, config: OperatorConfig, now: datetime
) -> Case:
    view = observe_model(store, owner, report, now)
    return Case(view.self_, decide_model(view, config), lambda attempt: plan_training(view, attempt, config))


def _consider_evaluation(
    store: Store, owner: StoredOwner, report: Report | None, config: OperatorConfig, now: datetime
) -> Case:
    view = observe_evaluation(store, owner, report, now)
    return Case(view.self_, decide_evaluation(view, config), lambda attempt: plan_evaluation(view, attempt, config))


_CASES = {"Dataset": _consider_dataset, "Model": _consider_model, "Evaluation": _consider_evaluation}
