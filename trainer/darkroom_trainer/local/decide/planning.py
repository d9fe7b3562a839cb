"""What to do with one resource of a run on this machine: run it, or say why not.

Pure, but for links that are followed: the resources in, a RunConfig or a status out. Must not run or write anything.
"""

from datetime import datetime
from typing import Final

from darkroom_api.blockers import Blocker
from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.results import AnyStatus, describe_run
from darkroom_api.run_config import RunConfig
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_api.v1alpha1.prediction import PredictionSpec, PredictionStatus
from darkroom_trainer.local.board import BoardEntry, Resources
from darkroom_trainer.local.config import (
    build_evaluate_config,
    build_inspect_config,
    build_predict_config,
    build_train_config,
)
from darkroom_trainer.local.decide.lookup import Lookup
from darkroom_trainer.local.decide.permitted_images import find_forbidden_images
from darkroom_trainer.local.status import block, cancel

NOT_IN_MANIFESTS: Final = "is in none of the manifests; add it with another -f."


def plan(
    resources: Resources, entry: BoardEntry, now: datetime, missing: str = NOT_IN_MANIFESTS
) -> RunConfig | AnyStatus:
    """Return the run that `entry` needs, or the status that says why there is none.

    `missing` is what is said of a resource that it names and that does not exist.
    """
    spec, status, lookup = entry.manifest.spec, entry.status, Lookup(resources, entry, missing)
    if isinstance(spec, ModelSpec) and isinstance(status, ModelStatus):
        return _plan_model(entry, spec, status, lookup, now)
    planned: RunConfig | Blocker | None = None
    if isinstance(spec, EvaluationSpec):
        planned = _plan_evaluation(entry, spec, lookup)
    if isinstance(spec, PredictionSpec):
        planned = _plan_prediction(entry, spec, lookup)
    if isinstance(planned, Blocker) and isinstance(status, EvaluationStatus | PredictionStatus):
        return block(status, planned, now)
    return planned if isinstance(planned, RunConfig) else build_inspect_config(entry.target)


def _plan_model(
    entry: BoardEntry, spec: ModelSpec, status: ModelStatus, lookup: Lookup, now: datetime
) -> RunConfig | ModelStatus:
    if spec.cancel:
        return cancel(status, now)
    if spec.suspend:
        message = "`spec.suspend` is true; set it to false to continue."
        return describe_run(status, RunPhase.QUEUED, Reason.SUSPENDED, message, entry.generation, now)
    blocker = lookup.check_dataset("dataset", spec.dataset, spec)
    if blocker is None and spec.evaluation_dataset is not None:
        blocker = lookup.check_dataset("evaluationDataset", spec.evaluation_dataset, spec)
    if blocker is not None:
        return block(status, blocker, now)
    other = lookup.build_source(spec.evaluation_dataset) if spec.evaluation_dataset is not None else None
    return build_train_config(entry.target, lookup.build_source(spec.dataset), other)


def _plan_evaluation(entry: BoardEntry, spec: EvaluationSpec, lookup: Lookup) -> RunConfig | Blocker:
    model = lookup.find_finished(spec.model)
    if isinstance(model, Blocker):
        return model
    blocker = lookup.check_dataset("dataset", spec.dataset, model.spec)
    if blocker is not None:
        return blocker
    measured_on = lookup.build_source(spec.dataset)
    return build_evaluate_config(entry.target, measured_on, model.manifest, model.trained_on, model.artifacts)


def _plan_prediction(entry: BoardEntry, spec: PredictionSpec, lookup: Lookup) -> RunConfig | Blocker:
    model = lookup.find_finished(spec.model)
    if isinstance(model, Blocker):
        return model
    if spec.dataset is not None:
        blocker = lookup.check_dataset("dataset", spec.dataset, model.spec)
    else:
        blocker = find_forbidden_images(entry.target)
    if blocker is not None:
        return blocker
    labels = lookup.build_source(spec.dataset) if spec.dataset is not None else model.labels
    return build_predict_config(entry.target, labels, model.manifest, model.trained_on, model.artifacts)
