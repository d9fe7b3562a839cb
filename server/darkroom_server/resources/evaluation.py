"""Evaluations of the REST interface, and the objects that they stand for. Pure."""

from enum import StrEnum
from typing import Any, Final

from darkroom_api.conditions import Reason, RunPhase
from darkroom_api.names import API_VERSION
from darkroom_api.v1alpha1.evaluation import EvaluationSpec, EvaluationStatus
from darkroom_server.backends.backend import Stored
from darkroom_server.resources.model import ANNOTATION_TEST_DATASET, EvaluationParameters, build_performance
from darkroom_server.resources.names import build_metadata, find_noted_name, find_rest_name
from darkroom_server.resources.outcomes import RunError, build_error, find_updated
from darkroom_server.resources.rest_object import RestObject, format_moment


class EvaluationState(StrEnum):
    """Where an Evaluation is."""

    NOT_STARTED = "notStarted"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


_STATE_OF_PHASE: Final = {
    RunPhase.EVALUATING: EvaluationState.RUNNING,
    RunPhase.SUCCEEDED: EvaluationState.SUCCEEDED,
    RunPhase.FAILED: EvaluationState.FAILED,
    RunPhase.CANCELLED: EvaluationState.FAILED,
}
_NO_MODEL: Final = "modelNotFound"
_CODES: Final = {
    Reason.DATASET_NOT_FOUND: "datasetNotFound",
    Reason.DATASET_CORRUPT: "datasetCorrupt",
    Reason.INCORRECT_MODEL_KIND: "incorrectModelKind",
    Reason.WAITING_FOR_MODEL: _NO_MODEL,
    # Of the Model that was to be measured: it has ended without one.
    Reason.TRAINING_DIVERGED: _NO_MODEL,
    Reason.BUDGET_NOT_ENOUGH: _NO_MODEL,
    Reason.CANCELLED: _NO_MODEL,
}
_OTHER_CODE: Final = "internalServerError"


class EvaluationRequest(RestObject):
    """An Evaluation as a caller sends it."""

    evaluation_parameters: EvaluationParameters


class EvaluationAnswer(RestObject):
    """An Evaluation as it is told."""

    name: str
    model_name: str
    status: EvaluationState
    evaluation_parameters: EvaluationParameters
    model_performance: dict[str, Any] | None = None
    error: RunError | None = None
    created_date_time: str
    updated_date_time: str


def build_manifest(name: str, model: Stored, dataset: Stored) -> dict[str, Any]:
    """Return the object of a new Evaluation, which names the objects of its Model and its Dataset."""
    metadata: dict[str, Any] = build_metadata(name, find_rest_name(model))
    metadata["annotations"][ANNOTATION_TEST_DATASET] = find_rest_name(dataset)
    spec = {"model": model.name, "dataset": dataset.name}
    return {"apiVersion": API_VERSION, "kind": "Evaluation", "metadata": metadata, "spec": spec}


def find_state(stored: Stored) -> EvaluationState:
    """Return where an Evaluation is."""
    assert isinstance(stored.status, EvaluationStatus)
    return _STATE_OF_PHASE.get(stored.status.phase, EvaluationState.NOT_STARTED)


def build_answer(stored: Stored, model: Stored) -> EvaluationAnswer:
    """Return an Evaluation of `model` as it is told."""
    spec, status, state = stored.spec, stored.status, find_state(stored)
    assert isinstance(spec, EvaluationSpec)
    assert isinstance(status, EvaluationStatus)
    measured_on = find_noted_name(stored, ANNOTATION_TEST_DATASET) or spec.dataset
    return EvaluationAnswer(
        name=find_rest_name(stored),
        model_name=find_rest_name(model),
        status=state,
        evaluation_parameters=EvaluationParameters(test_dataset_name=measured_on),
        model_performance=build_performance(status.performance) if state is EvaluationState.SUCCEEDED else None,
        error=build_error(status, _CODES, _OTHER_CODE) if state is EvaluationState.FAILED else None,
        created_date_time=format_moment(stored.created_at),
        updated_date_time=format_moment(find_updated(stored)),
    )
