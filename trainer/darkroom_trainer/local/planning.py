"""What to do with one resource of a run on this machine: run it, or say why not.

Pure: the resources in, a RunConfig or a status out. Must not do: run or write anything.
"""

from datetime import datetime
from typing import Final

from darkroom_api import blockers
from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.results import describe_run
from darkroom_api.run_config import DatasetSource, RunConfig
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_trainer.local.board import BoardEntry, Resources
from darkroom_trainer.local.config import (
    build_evaluate_config,
    build_inspect_config,
    build_source,
    build_train_config,
)
from darkroom_trainer.local.status import Status, block, cancel

NOT_IN_MANIFESTS: Final = "is in none of the manifests; add it with another -f."


def plan(resources: Resources, entry: BoardEntry, now: datetime, missing: str = NOT_IN_MANIFESTS) -> RunConfig | Status:
    """Return the run that `entry` needs, or the status that says why there is none.

    `missing` is what is said of a resource that it names and that does not exist.
    """
    spec, status = entry.manifest.spec, entry.status
    if isinstance(spec, ModelSpec) and isinstance(status, ModelStatus):
        return _Planner(resources, entry, now, missing).plan_model(spec, status)
    if isinstance(spec, EvaluationSpec) and isinstance(status, EvaluationStatus):
        return _Planner(resources, entry, now, missing).plan_evaluation(spec, status)
    return build_inspect_config(entry.target)


class _Planner:
    """Looks up what one resource names."""

    def __init__(self, resources: Resources, entry: BoardEntry, now: datetime, missing: str) -> None:
        self._resources = resources
        self._entry = entry
        self._now = now
        self._missing = missing

    def plan_model(self, spec: ModelSpec, status: ModelStatus) -> RunConfig | ModelStatus:
        """Return the training of a Model, or why there is none."""
        if spec.cancel:
            return cancel(status, self._now)
        if spec.suspend:
            message = "`spec.suspend` is true; set it to false to continue."
            return describe_run(status, RunPhase.QUEUED, Reason.SUSPENDED, message, self._entry.generation, self._now)
        blocker = self._check_dataset("dataset", spec.dataset, spec)
        if blocker is None and spec.evaluation_dataset is not None:
            blocker = self._check_dataset("evaluationDataset", spec.evaluation_dataset, spec)
        if blocker is not None:
            return block(status, blocker, self._now)
        other = self._source(spec.evaluation_dataset) if spec.evaluation_dataset is not None else None
        return build_train_config(self._entry.target, self._source(spec.dataset), other)

    def plan_evaluation(self, spec: EvaluationSpec, status: EvaluationStatus) -> RunConfig | EvaluationStatus:
        """Return the measuring of a Model, or why there is none."""
        entry = self._find("Model", spec.model)
        model = self._observe_model(entry) if entry is not None else None
        blocker = blockers.find_model_blocker(spec.model, model, self._missing)
        if blocker is None and model is not None:
            blocker = self._check_dataset("dataset", spec.dataset, model.spec)
        if blocker is not None:
            return block(status, blocker, self._now)
        assert entry is not None
        assert model is not None
        assert model.artifacts is not None
        trained_on = self._source(model.spec.dataset) if self._find("Dataset", model.spec.dataset) else None
        measured_on = self._source(spec.dataset)
        return build_evaluate_config(self._entry.target, measured_on, entry.manifest, trained_on, model.artifacts)

    def _observe_model(self, entry: BoardEntry) -> blockers.ObservedModel:
        spec, status = entry.manifest.spec, entry.status
        assert isinstance(spec, ModelSpec)
        assert isinstance(status, ModelStatus)
        return blockers.observe_model(entry.manifest.name, entry.target.uid, spec, status)

    def _observe_dataset(self, entry: BoardEntry) -> blockers.ObservedDataset:
        spec, status = entry.manifest.spec, entry.status
        assert isinstance(spec, DatasetSpec)
        assert isinstance(status, DatasetStatus)
        return blockers.observe_dataset(entry.manifest.name, spec, status, entry.generation)

    def _find(self, kind: str, name: str) -> BoardEntry | None:
        return self._resources.find(kind, self._entry.manifest.namespace, name)

    def _check_dataset(self, field: str, name: str, model: ModelSpec) -> blockers.Blocker | None:
        found = self._find("Dataset", name)
        known = self._observe_dataset(found) if found is not None else None
        return blockers.find_dataset_blocker(field, name, known, model.task, self._missing)

    def _source(self, name: str) -> DatasetSource:
        found = self._find("Dataset", name)
        assert found is not None
        return build_source(found.target, self._observe_dataset(found).revision)
