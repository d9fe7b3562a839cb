"""What an Evaluation brings along for `run`: it waits for its Model and its Dataset, and has no budget.

A finished Evaluation keeps its result when the Model goes.
"""

from dataclasses import dataclass

from darkroom_api import results
from darkroom_api.blockers import Blocker, find_dataset_blocker, find_model_blocker
from darkroom_api.v1alpha1.evaluation import EvaluationStatus
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide import allocation, limits, places, run, steps
from darkroom_operator.facts.views import EvaluationView


@dataclass(frozen=True, kw_only=True)
class EvaluationDemand(steps.Demand[EvaluationStatus]):
    """The measuring of a Model, which a fixed time bounds."""

    view: EvaluationView

    def find_blocker(self) -> Blocker | None:
        """Return the first thing that keeps the next attempt from starting."""
        return find_blocker(self.view, self.config)


def decide_evaluation(view: EvaluationView, config: OperatorConfig) -> steps.Decision[EvaluationStatus]:
    """Return the status of an Evaluation and what to start or stop."""
    images = view.dataset.images if view.dataset is not None else None
    demand = EvaluationDemand(
        view=view,
        seen=view.self_,
        config=config,
        work=results.EVALUATING,
        hardware=allocation.choose_hardware(view.self_.spec.compute, images, config),
        time_limit=allocation.limit_evaluation(view.self_.key.namespace, config),
        full=limits.find_full(view.self_.other_runs, view.self_.key.namespace, config),
    )
    return run.decide_run(demand)


def find_blocker(view: EvaluationView, config: OperatorConfig) -> Blocker | None:
    """Return the first thing that keeps the next attempt from starting."""
    spec, namespace = view.self_.spec, view.self_.key.namespace
    missing = places.MISSING.format(namespace)
    blocker = allocation.check_compute(spec.compute, config) or limits.check_compute(spec.compute, namespace, config)
    blocker = blocker or find_model_blocker(spec.model, view.model, missing)
    if blocker is not None or view.model is None:
        return blocker
    blocker = find_dataset_blocker("dataset", spec.dataset, view.dataset, view.model.spec.task, missing)
    return blocker or places.check_evaluation(view, config)
