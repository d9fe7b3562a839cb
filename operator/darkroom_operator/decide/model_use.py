"""What to do about an Evaluation or a Prediction: each uses a finished Model, waits for it, and has no budget.

A finished one keeps its result when the Model goes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from darkroom_api import results
from darkroom_api.blockers import Blocker, find_dataset_blocker, find_model_blocker
from darkroom_api.conditions import RunPhase
from darkroom_api.results import RunStatusT
from darkroom_api.v1alpha1.evaluation import EvaluationStatus
from darkroom_api.v1alpha1.prediction import PredictionStatus
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide import allocation, limits, places, run, steps
from darkroom_operator.facts.views import EvaluationView, ModelUseView, PredictionView


@dataclass(frozen=True, kw_only=True)
class ModelUseDemand(steps.Demand[RunStatusT]):
    """The use of a Model, which a fixed time bounds."""

    view: ModelUseView[Any, RunStatusT]
    find: Callable[[Any, OperatorConfig], Blocker | None]

    def find_blocker(self) -> Blocker | None:
        """Return the first thing that keeps the next attempt from starting."""
        return self.find(self.view, self.config)


def decide_evaluation(view: EvaluationView, config: OperatorConfig) -> steps.Decision[EvaluationStatus]:
    """Return the status of an Evaluation and what to start or stop."""
    time_limit = allocation.limit_evaluation(view.self_.key.namespace, config)
    return _decide(view, config, results.EVALUATING, time_limit, find_evaluation_blocker)


def find_evaluation_blocker(view: EvaluationView, config: OperatorConfig) -> Blocker | None:
    """Return the first thing that keeps the next attempt from starting."""
    blocker = _check_model(view, config) or _check_dataset(view, view.self_.spec.dataset)
    return blocker or places.check_evaluation(view, config)


def decide_prediction(view: PredictionView, config: OperatorConfig) -> steps.Decision[PredictionStatus]:
    """Return the status of a Prediction and what to start or stop."""
    time_limit = allocation.limit_prediction(view.self_.key.namespace, config)
    return _decide(view, config, results.PREDICTING, time_limit, find_prediction_blocker)


def find_prediction_blocker(view: PredictionView, config: OperatorConfig) -> Blocker | None:
    """Return the first thing that keeps the next attempt from starting; a folder of images waits for no Dataset."""
    blocker = _check_model(view, config)
    if blocker is None and view.self_.spec.dataset is not None:
        blocker = _check_dataset(view, view.self_.spec.dataset)
    return blocker or places.check_prediction(view, config)


def _decide(
    view: ModelUseView[Any, RunStatusT],
    config: OperatorConfig,
    work: results.Work[RunPhase],
    time_limit: allocation.TimeLimit,
    find_blocker: Callable[[Any, OperatorConfig], Blocker | None],
) -> steps.Decision[RunStatusT]:
    images = view.dataset.images if view.dataset is not None else None
    demand = ModelUseDemand(
        view=view,
        find=find_blocker,
        seen=view.self_,
        config=config,
        work=work,
        hardware=allocation.choose_hardware(view.self_.spec.compute, images, config),
        time_limit=time_limit,
        full=limits.find_full(view.self_.other_runs, view.self_.key.namespace, config),
    )
    return run.decide_run(demand)


def _check_model(view: ModelUseView[Any, Any], config: OperatorConfig) -> Blocker | None:
    """Return why the hardware or the Model cannot be had (yet)."""
    spec, namespace = view.self_.spec, view.self_.key.namespace
    blocker = allocation.check_compute(spec.compute, config) or limits.check_compute(spec.compute, namespace, config)
    return blocker or find_model_blocker(spec.model, view.model, places.MISSING.format(namespace))


def _check_dataset(view: ModelUseView[Any, Any], name: str) -> Blocker | None:
    """Return why the Dataset cannot be used with the Model (yet), which is there."""
    assert view.model is not None
    missing = places.MISSING.format(view.self_.key.namespace)
    return find_dataset_blocker("dataset", name, view.dataset, view.model.spec.task, missing)
