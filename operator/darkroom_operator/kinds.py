"""The kinds, each with how it is observed, decided and planned.

Owns that table: `reconcile` is the same for all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from darkroom_api.blockers import Blocker
from darkroom_operator.api.resources import Json
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide import dataset, model, model_use
from darkroom_operator.decide.steps import Decision
from darkroom_operator.facts.views import Observed, StoredOwner
from darkroom_operator.manifests import job, run_config
from darkroom_operator.observing import observe
from darkroom_operator.observing.store import Store


@dataclass(frozen=True)
class _Row:
    """What differs between kinds; a view is what `observe` returns."""

    observe: Callable[[Store, StoredOwner, observe.Polled], Any]
    decide: Callable[[Any, OperatorConfig], Decision[Any]]
    find_blocker: Callable[[Any, OperatorConfig], Blocker | None]
    plan: Callable[[Any, Any, OperatorConfig], run_config.Plan]


_ROWS: Final = {
    "Dataset": _Row(observe.observe_dataset, dataset.decide_dataset, dataset.find_blocker, run_config.plan_inspection),
    "Model": _Row(observe.observe_model, model.decide_model, model.find_blocker, run_config.plan_training),
    "Evaluation": _Row(
        observe.observe_evaluation,
        model_use.decide_evaluation,
        model_use.find_evaluation_blocker,
        run_config.plan_evaluation,
    ),
    "Prediction": _Row(
        observe.observe_prediction,
        model_use.decide_prediction,
        model_use.find_prediction_blocker,
        run_config.plan_prediction,
    ),
}


@dataclass(frozen=True)
class Case:
    """One object as it was observed, and what was decided."""

    row: _Row
    view: Any
    config: OperatorConfig
    decision: Decision[Any]

    @property
    def seen(self) -> Observed[Any, Any]:
        """Return what is seen of the object itself."""
        seen: Observed[Any, Any] = self.view if isinstance(self.view, Observed) else self.view.self_
        return seen

    def build_job(self) -> Json:
        """Return the Job of the decision's last attempt; there must be no blocker."""
        return job.build_job(self.row.plan(self.view, self.decision.status, self.config), self.config)

    @property
    def spans_nodes(self) -> bool:
        """Return whether the decision's last attempt has several pods, which have to meet."""
        return self.decision.status.attempts[-1].nodes is not None

    def record_job(self, uid: str) -> "Case":
        """Return the case with the uid of the Job of the decision's last attempt, which was created."""
        status = self.decision.status
        opened = status.attempts[-1].model_copy(update={"job_uid": uid})
        recorded = status.model_copy(update={"attempts": (*status.attempts[:-1], opened)})
        return replace(self, decision=replace(self.decision, status=recorded))

    def look_again(self, **changes: Any) -> "Case":
        """Return what is decided where other things are seen of the object itself."""
        seen = replace(self.seen, **changes)
        view = seen if isinstance(self.view, Observed) else replace(self.view, self_=seen)
        return replace(self, view=view, decision=self.row.decide(view, self.config))

    def find_blocker(self) -> Blocker | None:
        """Return why there can be no plan now."""
        return self.row.find_blocker(self.view, self.config)


def look(store: Store, owner: StoredOwner, polled: observe.Polled, config: OperatorConfig) -> Case:
    """Observe an object and decide; raises InvalidSpecError."""
    row = _ROWS[owner.key.kind]
    view = row.observe(store, owner, polled)
    return Case(row, view, config, row.decide(view, config))
