"""What to do with one resource of a run on this machine: run it, or say why not.

Pure: the board in, a RunConfig or a status out. Must not do: run or write anything.
"""

from datetime import datetime

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.results import describe_run
from darkroom_api.run_config import DatasetSource, RunConfig
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_trainer.local.blockers import Blocker, block, find_dataset_blocker, find_model_blocker
from darkroom_trainer.local.board import Board, BoardEntry
from darkroom_trainer.local.config import (
    build_evaluate_config,
    build_inspect_config,
    build_source,
    build_train_config,
)
from darkroom_trainer.local.status import GENERATION, Status, cancel


def plan(board: Board, entry: BoardEntry, now: datetime) -> RunConfig | Status:
    """Return the run that `entry` needs, or the status that says why there is none."""
    spec, status = entry.manifest.spec, entry.status
    if isinstance(spec, ModelSpec) and isinstance(status, ModelStatus):
        return _Planner(board, entry, now).plan_model(spec, status)
    if isinstance(spec, EvaluationSpec) and isinstance(status, EvaluationStatus):
        return _Planner(board, entry, now).plan_evaluation(spec, status)
    return build_inspect_config(entry.target)


class _Planner:
    """Looks up what one resource names."""

    def __init__(self, board: Board, entry: BoardEntry, now: datetime) -> None:
        self._board = board
        self._entry = entry
        self._now = now

    def plan_model(self, spec: ModelSpec, status: ModelStatus) -> RunConfig | ModelStatus:
        """Return the training of a Model, or why there is none."""
        if spec.cancel:
            return cancel(status, self._now)
        if spec.suspend:
            message = "`spec.suspend` is true; set it to false to go on."
            return describe_run(status, RunPhase.QUEUED, Reason.SUSPENDED, message, GENERATION, self._now)
        blocker = self._check_dataset("dataset", spec.dataset, spec)
        if blocker is None and spec.evaluation_dataset is not None:
            blocker = self._check_dataset("evaluationDataset", spec.evaluation_dataset, spec)
        if blocker is not None:
            return block(status, blocker, self._now)
        other = self._source(spec.evaluation_dataset) if spec.evaluation_dataset is not None else None
        return build_train_config(self._entry.target, self._source(spec.dataset), other)

    def plan_evaluation(self, spec: EvaluationSpec, status: EvaluationStatus) -> RunConfig | EvaluationStatus:
        """Return the measuring of a Model, or why there is none."""
        model = self._find("Model", spec.model)
        model_spec = model.manifest.spec if model is not None else None
        model_status = model.status if model is not None else None
        assert model_status is None or isinstance(model_status, ModelStatus)
        blocker = find_model_blocker(spec.model, model_status)
        if blocker is None and isinstance(model_spec, ModelSpec):
            blocker = self._check_dataset("dataset", spec.dataset, model_spec)
        if blocker is not None:
            return block(status, blocker, self._now)
        assert model is not None
        assert model_status is not None
        assert isinstance(model_spec, ModelSpec)
        assert model_status.artifacts is not None
        return build_evaluate_config(
            self._entry.target,
            self._source(spec.dataset),
            model.manifest,
            self._source(model_spec.dataset),
            model_status.artifacts,
        )

    def _find(self, kind: str, name: str) -> BoardEntry | None:
        return self._board.find(kind, self._entry.manifest.namespace, name)

    def _check_dataset(self, field: str, name: str, model: ModelSpec) -> Blocker | None:
        found = self._find("Dataset", name)
        known = None
        if found is not None:
            assert isinstance(found.manifest.spec, DatasetSpec)
            assert isinstance(found.status, DatasetStatus)
            known = (found.manifest.spec, found.status)
        return find_dataset_blocker(field, name, known, model.task)

    def _source(self, name: str) -> DatasetSource:
        found = self._find("Dataset", name)
        assert found is not None
        assert isinstance(found.status, DatasetStatus)
        revision = found.status.summary.revision if found.status.summary else None
        return build_source(found.manifest, revision)
