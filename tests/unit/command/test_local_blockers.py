"""What keeps a resource of a run on this machine from starting."""

from datetime import UTC, datetime

import pytest

from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.v1alpha1.common import Artifacts, Task
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_trainer.local.blockers import block, find_dataset_blocker, find_model_blocker

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)


def a_spec(kind: str = "imageClassification") -> DatasetSpec:
    return DatasetSpec.model_validate({"annotationKind": kind, "annotationFiles": ["file:a"]})


def a_dataset_status(phase: DatasetPhase, reason: Reason = Reason.READY) -> DatasetStatus:
    return DatasetStatus(phase=phase, reason=reason, message="words")


@pytest.mark.parametrize(
    ("dataset", "reason", "final"),
    [
        pytest.param(None, Reason.WAITING_FOR_DATASET, False, id="not in the manifests"),
        pytest.param(
            (a_spec(), a_dataset_status(DatasetPhase.PENDING)), Reason.WAITING_FOR_DATASET, False, id="not inspected"
        ),
        pytest.param(
            (a_spec(), a_dataset_status(DatasetPhase.INVALID, Reason.DATASET_CORRUPT)),
            Reason.DATASET_CORRUPT, True, id="corrupt",
        ),
        pytest.param(
            (a_spec(), a_dataset_status(DatasetPhase.INVALID, Reason.DATASET_NOT_FOUND)),
            Reason.DATASET_NOT_FOUND, True, id="not found",
        ),
        pytest.param(
            (a_spec("imageObjectDetection"), a_dataset_status(DatasetPhase.READY)),
            Reason.INCORRECT_MODEL_KIND, True, id="of another kind",
        ),
    ],
)  # fmt: skip
def test_a_dataset_that_cannot_be_used_blocks_by_name(
    dataset: tuple[DatasetSpec, DatasetStatus] | None, reason: Reason, final: bool
) -> None:
    blocker = find_dataset_blocker("dataset", "fruit", dataset, Task.CLASSIFIER)
    assert blocker is not None
    assert (blocker.reason, blocker.final) == (reason, final)
    assert "Dataset `fruit`" in blocker.message
    status = block(ModelStatus(), blocker, NOW)
    assert status.phase is (RunPhase.FAILED if final else RunPhase.QUEUED)
    assert (status.completed_at is not None) is final


def test_a_ready_dataset_of_the_right_kind_blocks_nothing() -> None:
    ready = (a_spec(), a_dataset_status(DatasetPhase.READY))
    assert find_dataset_blocker("dataset", "fruit", ready, Task.CLASSIFIER) is None


@pytest.mark.parametrize(
    ("model", "reason", "final"),
    [
        pytest.param(None, Reason.WAITING_FOR_MODEL, False, id="not in the manifests"),
        pytest.param(ModelStatus(), Reason.WAITING_FOR_MODEL, False, id="not trained yet"),
        pytest.param(
            ModelStatus(phase=RunPhase.FAILED, reason=Reason.TRAINING_DIVERGED),
            Reason.TRAINING_DIVERGED, True, id="failed",
        ),
        pytest.param(ModelStatus(phase=RunPhase.CANCELLED), Reason.CANCELLED, True, id="cancelled"),
        pytest.param(ModelStatus(phase=RunPhase.SUCCEEDED), Reason.UNKNOWN, True, id="without artifacts"),
    ],
)  # fmt: skip
def test_a_model_that_cannot_be_measured_blocks_by_name(model: ModelStatus | None, reason: Reason, final: bool) -> None:
    blocker = find_model_blocker("sorter", model)
    assert blocker is not None
    assert (blocker.reason, blocker.final) == (reason, final)
    assert "Model `sorter`" in blocker.message


def test_a_finished_model_can_be_measured() -> None:
    model = ModelStatus(phase=RunPhase.SUCCEEDED, artifacts=Artifacts(uri="file:///m"))
    assert find_model_blocker("sorter", model) is None
