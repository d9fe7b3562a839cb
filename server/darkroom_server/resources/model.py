"""Models of the REST interface, and the objects that they stand for. Pure."""

import math
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import Field, field_validator

from darkroom_api.conditions import TERMINAL_PHASES, Reason, RunPhase
from darkroom_api.durations import format_duration, parse_duration
from darkroom_api.names import API_VERSION, GROUP
from darkroom_api.v1alpha1.common import AnnotationKind, Performance, Task
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_api.v1alpha1.model import MAX_BUDGET_SECONDS, ModelSpec, ModelStatus
from darkroom_server.backends.backend import Stored
from darkroom_server.resources.names import build_metadata, find_noted_name, find_rest_name
from darkroom_server.resources.outcomes import RunError, build_error, find_updated
from darkroom_server.resources.rest_object import RestObject, format_moment

ANNOTATION_DATASET: Final = f"{GROUP}/rest-training-dataset"
ANNOTATION_TEST_DATASET: Final = f"{GROUP}/rest-test-dataset"
MAX_HOURS: Final = MAX_BUDGET_SECONDS // 3600


class ModelKind(StrEnum):
    """What a Model learns to do."""

    CLASSIFIER = "Generic-Classifier"
    DETECTOR = "Generic-Detector"
    PRODUCT_RECOGNIZER = "Product-Recognizer"


class ModelState(StrEnum):
    """Where a Model is."""

    NOT_STARTED = "notStarted"
    TRAINING = "training"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"


_KINDS: Final = {
    "genericclassifier": ModelKind.CLASSIFIER,
    "genericdetector": ModelKind.DETECTOR,
    "productrecognizer": ModelKind.PRODUCT_RECOGNIZER,
    "productrecognitionmodel": ModelKind.PRODUCT_RECOGNIZER,
}
"""Today's words without their hyphens, and those of older pages."""
_KIND_OF_TASK: Final = {
    Task.CLASSIFIER: ModelKind.CLASSIFIER,
    Task.MULTILABEL_CLASSIFIER: ModelKind.CLASSIFIER,
    Task.DETECTOR: ModelKind.DETECTOR,
    Task.PRODUCT_RECOGNIZER: ModelKind.PRODUCT_RECOGNIZER,
}
_TASK_OF_ANNOTATIONS: Final = {
    AnnotationKind.CLASSIFICATION: Task.CLASSIFIER,
    AnnotationKind.MULTILABEL: Task.MULTILABEL_CLASSIFIER,
    AnnotationKind.DETECTION: Task.DETECTOR,
}
_STATE_OF_PHASE: Final = {
    RunPhase.SUCCEEDED: ModelState.SUCCEEDED,
    RunPhase.FAILED: ModelState.FAILED,
    RunPhase.CANCELLED: ModelState.CANCELLED,
    RunPhase.TRAINING: ModelState.TRAINING,
}
_CODES: Final = {
    Reason.TRAINING_DIVERGED: "diverged",
    Reason.BUDGET_NOT_ENOUGH: "notEnoughBudget",
    Reason.DATASET_CORRUPT: "datasetCorrupt",
    Reason.INCORRECT_MODEL_KIND: "datasetCorrupt",
    Reason.DATASET_NOT_FOUND: "datasetNotFound",
}
"""The service had no word for a Dataset of another kind; its message says that."""
_OTHER_CODE: Final = "unknown"

Name = Annotated[str, Field(min_length=1, max_length=255)]


class TrainingParameters(RestObject):
    """What to train on, and for how long."""

    training_dataset_name: Name = Field(description="Dataset to train on.")
    time_budget_in_hours: Annotated[float, Field(gt=0, le=MAX_HOURS)] = Field(
        description="Compute time in hours; a decimal is taken, such as 0.02."
    )
    model_kind: ModelKind | None = Field(default=None, description="As the Dataset's annotations say when absent.")

    @field_validator("model_kind", mode="before")
    @classmethod
    def _read_kind(cls, value: Any) -> Any:
        if value is None or isinstance(value, ModelKind):
            return value
        found = _KINDS.get(value.lower().replace("-", "")) if isinstance(value, str) else None
        if found is None:
            raise ValueError(f"must be one of {', '.join(ModelKind)}")
        return found


class EvaluationParameters(RestObject):
    """What to measure on."""

    test_dataset_name: Name = Field(description="Dataset to measure on.")


class ModelRequest(RestObject):
    """A Model as a caller sends it."""

    training_parameters: TrainingParameters
    evaluation_parameters: EvaluationParameters | None = None


class ToldParameters(RestObject):
    """What a Model is trained on, with all that was left out."""

    training_dataset_name: str
    time_budget_in_hours: int | float
    model_kind: ModelKind


class ModelAnswer(RestObject):
    """A Model as it is told."""

    name: str
    status: ModelState
    training_parameters: ToldParameters
    evaluation_parameters: EvaluationParameters | None = None
    training_cost_in_minutes: int | None = None
    model_performance: dict[str, Any] | None = None
    error: RunError | None = None
    created_date_time: str
    updated_date_time: str


def build_manifest(name: str, wanted: ModelRequest, dataset: Stored, test_dataset: Stored | None) -> dict[str, Any]:
    """Return the object of a new Model, which names the objects of its Datasets."""
    asked = wanted.training_parameters
    metadata: dict[str, Any] = build_metadata(name)
    metadata["annotations"][ANNOTATION_DATASET] = find_rest_name(dataset)
    spec: dict[str, Any] = {
        "task": choose_task(asked.model_kind, dataset),
        "dataset": dataset.name,
        "budget": format_duration(count_seconds(asked.time_budget_in_hours)),
    }
    if test_dataset is not None:
        metadata["annotations"][ANNOTATION_TEST_DATASET] = find_rest_name(test_dataset)
        spec["evaluationDataset"] = test_dataset.name
    return {"apiVersion": API_VERSION, "kind": "Model", "metadata": metadata, "spec": spec}


def count_seconds(hours: float) -> int:
    """Return a budget in whole seconds: never more than was given, but for one second at least."""
    return max(1, math.floor(hours * 3600 + 1e-6))


def choose_task(kind: ModelKind | None, dataset: Stored) -> Task:
    """Return what a Model learns: the Dataset tells of a classifier how many tags an image has."""
    spec = dataset.spec
    assert isinstance(spec, DatasetSpec)
    by_data = _TASK_OF_ANNOTATIONS[spec.annotation_kind]
    if kind is None:
        return by_data
    if kind is ModelKind.CLASSIFIER:
        return by_data if _KIND_OF_TASK[by_data] is kind else Task.CLASSIFIER
    return Task.DETECTOR if kind is ModelKind.DETECTOR else Task.PRODUCT_RECOGNIZER


def find_state(stored: Stored) -> ModelState:
    """Return where a Model is."""
    spec, status = stored.spec, stored.status
    assert isinstance(spec, ModelSpec)
    assert isinstance(status, ModelStatus)
    if spec.cancel and status.phase not in TERMINAL_PHASES:
        return ModelState.CANCELLING
    return _STATE_OF_PHASE.get(status.phase, ModelState.NOT_STARTED)


def is_at_work(stored: Stored) -> bool:
    """Return whether a Model has not ended."""
    return find_state(stored) in (ModelState.NOT_STARTED, ModelState.TRAINING, ModelState.CANCELLING)


def build_answer(stored: Stored) -> ModelAnswer:
    """Return a Model as it is told."""
    spec, status, state = stored.spec, stored.status, find_state(stored)
    assert isinstance(spec, ModelSpec)
    assert isinstance(status, ModelStatus)
    tested = find_noted_name(stored, ANNOTATION_TEST_DATASET) or spec.evaluation_dataset
    told = ToldParameters(
        training_dataset_name=find_noted_name(stored, ANNOTATION_DATASET) or spec.dataset,
        time_budget_in_hours=_count_hours(parse_duration(spec.budget)),
        model_kind=_KIND_OF_TASK[spec.task],
    )
    return ModelAnswer(
        name=find_rest_name(stored),
        status=state,
        training_parameters=told,
        evaluation_parameters=EvaluationParameters(test_dataset_name=tested) if tested is not None else None,
        training_cost_in_minutes=_count_minutes(status) if status.phase in TERMINAL_PHASES else None,
        model_performance=build_performance(status.performance) if state is ModelState.SUCCEEDED else None,
        error=build_error(status, _CODES, _OTHER_CODE) if state is ModelState.FAILED else None,
        created_date_time=format_moment(stored.created_at),
        updated_date_time=format_moment(find_updated(stored)),
    )


def build_performance(performance: Performance | None) -> dict[str, Any] | None:
    """Return scores as the service told them, `tagPerformance` always among them."""
    return None if performance is None else {"tagPerformance": {}} | performance.to_json()


def _count_hours(seconds: int) -> int | float:
    return seconds // 3600 if seconds % 3600 == 0 else round(seconds / 3600, 6)


def _count_minutes(status: ModelStatus) -> int:
    return math.ceil(status.budget.charged_seconds / 60) if status.budget is not None else 0
