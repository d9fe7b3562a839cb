"""What keeps a run from starting because of what it names, on a cluster and on one machine."""

import pytest

from darkroom_api.blockers import find_dataset_blocker, find_model_blocker, observe_dataset, observe_model
from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.v1alpha1.common import Artifacts, Task
from darkroom_api.v1alpha1.dataset import DatasetSpec, DatasetStatus
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus

MODEL = ModelSpec.model_validate({"task": "classifier", "dataset": "fruit", "budget": "60s"})
MISSING = "is nowhere; add it."


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
            (a_spec(), a_dataset_status(DatasetPhase.INVALID, Reason.STORAGE_UNAVAILABLE)),
            Reason.STORAGE_UNAVAILABLE, True, id="in a storage that stayed away",
        ),
        pytest.param(
            (a_spec(), a_dataset_status(DatasetPhase.INVALID, Reason.UNKNOWN)),
            Reason.DATASET_CORRUPT, True, id="invalid for another reason",
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
    known = observe_dataset("fruit", *dataset, generation=0) if dataset is not None else None
    blocker = find_dataset_blocker("dataset", "fruit", known, Task.CLASSIFIER, MISSING)
    assert blocker is not None
    assert (blocker.reason, blocker.final) == (reason, final)
    assert "Dataset `fruit`" in blocker.message
    assert (MISSING in blocker.message) is (dataset is None)


def test_a_ready_dataset_of_the_right_kind_blocks_nothing() -> None:
    ready = observe_dataset("fruit", a_spec(), a_dataset_status(DatasetPhase.READY), generation=0)
    assert find_dataset_blocker("dataset", "fruit", ready, Task.CLASSIFIER, MISSING) is None


def test_a_status_about_an_earlier_spec_says_nothing_of_the_dataset() -> None:
    status = a_dataset_status(DatasetPhase.INVALID, Reason.DATASET_CORRUPT)
    changed = observe_dataset("fruit", a_spec(), status, generation=1)
    blocker = find_dataset_blocker("dataset", "fruit", changed, Task.CLASSIFIER, MISSING)
    assert blocker is not None
    assert (blocker.reason, blocker.final) == (Reason.WAITING_FOR_DATASET, False)
    assert "is Pending" in blocker.message


@pytest.mark.parametrize(
    ("model", "reason", "final"),
    [
        pytest.param(None, Reason.WAITING_FOR_MODEL, False, id="not in the manifests"),
        pytest.param(ModelStatus(), Reason.WAITING_FOR_MODEL, False, id="not trained yet"),
        pytest.param(
            ModelStatus(phase=RunPhase.FAILED, reason=Reason.TRAINING_DIVERGED),
            Reason.TRAINING_DIVERGED, True, id="failed",
        ),
        pytest.param(
            ModelStatus(phase=RunPhase.FAILED, reason=Reason.START_TIMEOUT), Reason.START_TIMEOUT, True,
            id="failed without a start",
        ),
        pytest.param(ModelStatus(phase=RunPhase.CANCELLED), Reason.CANCELLED, True, id="cancelled"),
        pytest.param(ModelStatus(phase=RunPhase.SUCCEEDED), Reason.UNKNOWN, True, id="without artifacts"),
    ],
)  # fmt: skip
def test_a_model_that_cannot_be_measured_blocks_by_name(model: ModelStatus | None, reason: Reason, final: bool) -> None:
    known = observe_model("sorter", "uid", MODEL, model) if model is not None else None
    blocker = find_model_blocker("sorter", known, MISSING)
    assert blocker is not None
    assert (blocker.reason, blocker.final) == (reason, final)
    assert "Model `sorter`" in blocker.message
    assert (MISSING in blocker.message) is (model is None)


def test_a_finished_model_can_be_measured() -> None:
    status = ModelStatus(phase=RunPhase.SUCCEEDED, artifacts=Artifacts(uri="file:///m"))
    assert find_model_blocker("sorter", observe_model("sorter", "uid", MODEL, status), MISSING) is None
