"""What a Model brings along for `run`: its budget, its wishes, and what blocks it."""

from dataclasses import dataclass

from darkroom_api import results
from darkroom_api.blockers import Blocker, find_dataset_blocker
from darkroom_api.durations import parse_duration
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide import allocation, limits, places, run, steps
from darkroom_operator.facts.views import ModelView


@dataclass(frozen=True, kw_only=True)
class ModelDemand(steps.Demand[ModelStatus]):
    """A training, within the budget of its spec."""

    view: ModelView

    def find_blocker(self) -> Blocker | None:
        """Return the first thing that keeps the next attempt from starting."""
        return find_blocker(self.view, self.config)


def decide_model(view: ModelView, config: OperatorConfig) -> steps.Decision[ModelStatus]:
    """Return the status of a Model and what to start or stop."""
    spec, images = view.self_.spec, view.dataset.images if view.dataset is not None else None
    demand = ModelDemand(
        view=view,
        seen=view.self_,
        config=config,
        work=results.TRAINING,
        hardware=allocation.choose_hardware(spec.compute, images, config),
        budget_seconds=float(parse_duration(spec.budget)),
        full=limits.find_full(view.self_.other_runs, view.self_.key.namespace, config),
        suspend=bool(spec.suspend),
        cancel=bool(spec.cancel),
    )
    return run.decide_run(demand)


def find_blocker(view: ModelView, config: OperatorConfig) -> Blocker | None:
    """Return the first thing that keeps the next attempt from starting."""
    spec, missing = view.self_.spec, places.MISSING.format(view.self_.key.namespace)
    blocker = allocation.check_compute(spec.compute, config)
    blocker = blocker or limits.check_model(spec, view.self_.key.namespace, config)
    blocker = blocker or find_dataset_blocker("dataset", spec.dataset, view.dataset, spec.task, missing)
    if blocker is None and spec.evaluation_dataset is not None:
        name, other = spec.evaluation_dataset, view.evaluation_dataset
        blocker = find_dataset_blocker("evaluationDataset", name, other, spec.task, missing)
    return blocker or places.check_training(view, config)
