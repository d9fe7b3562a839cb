"""What a Model brings along for `run`: its budget, its wishes, and what blocks it."""

from dataclasses import replace

from darkroom_api import results
from darkroom_api.blockers import Blocker, find_dataset_blocker
from darkroom_api.durations import parse_duration
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_operator.config import OperatorConfig
from darkroom_operator.decide import allocation, places, run, waiting
from darkroom_operator.decide.steps import Decision, Demand
from darkroom_operator.facts.views import ModelView


def decide_model(view: ModelView, config: OperatorConfig) -> Decision[ModelStatus]:
    """Return the status of a Model and what to start or stop."""
    spec, images = view.self_.spec, view.dataset.images if view.dataset is not None else None
    demand = Demand(
        seen=view.self_,
        config=config,
        work=results.TRAINING,
        hardware=allocation.choose_hardware(spec.compute, images, config),
        blocker=find_blocker(view, config),
        budget_seconds=float(parse_duration(spec.budget)),
        suspend=bool(spec.suspend),
        cancel=bool(spec.cancel),
    )
    decision = run.decide_run(demand)
    return replace(decision, status=waiting.set_queue_available(decision.status, spec.queue, view.self_))


def find_blocker(view: ModelView, config: OperatorConfig) -> Blocker | None:
    """Return the first thing that keeps the next attempt from starting."""
    spec, missing = view.self_.spec, places.describe_missing(view.self_.key.namespace)
    blocker = allocation.check_compute(spec.compute, config)
    blocker = blocker or find_dataset_blocker("dataset", spec.dataset, view.dataset, spec.task, missing)
    if blocker is None and spec.evaluation_dataset is not None:
        name, other = spec.evaluation_dataset, view.evaluation_dataset
        blocker = find_dataset_blocker("evaluationDataset", name, other, spec.task, missing)
    return blocker or _check_places(view, config)


def _check_places(view: ModelView, config: OperatorConfig) -> Blocker | None:
    spec, dataset, other = view.self_.spec, view.dataset, view.evaluation_dataset
    assert dataset is not None
    base = places.find_output_base(spec.output, dataset.spec, config.output, view.self_.key.namespace)
    if base is None:
        return places.NO_OUTPUT
    storages = [("dataset: storage", dataset.spec.storage), ("output.storage", base[1])]
    if other is not None:
        storages.append(("evaluationDataset: storage", other.spec.storage))
    if config.trainer.weights.uri is not None:
        storages.append(("trainer.weights.storage", config.trainer.weights.storage))
    return places.check_output(base[0]) or places.check_storages(storages, config)
