"""What is decided about an Evaluation, state by state."""

from typing import Any

import pytest

from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.run_config import Command
from darkroom_api.v1alpha1.common import MeasuredOn, Performance
from darkroom_api.v1alpha1.evaluation import EvaluationStatus
from darkroom_operator.decide.evaluation import decide_evaluation
from darkroom_operator.decide.places import find_places
from darkroom_operator.decide.steps import Decision
from tests.builders import (
    a_config,
    a_dataset_spec,
    a_job,
    a_running_pod,
    an_attempt,
    an_ended_pod,
    an_evaluation_view,
    an_observed_dataset,
    an_observed_model,
    an_outcome,
)


def decide(view: Any) -> Decision[EvaluationStatus]:
    """Decide with the tests' configuration."""
    return decide_evaluation(view, a_config())


BLOCKED = {
    "a Model that does not exist is waited for": (
        {"model": None}, RunPhase.QUEUED, Reason.WAITING_FOR_MODEL, "`fruit` does not exist",
    ),
    "a Model that trains is waited for": (
        {"model": an_observed_model(phase=RunPhase.TRAINING, reason=Reason.TRAINING)},
        RunPhase.QUEUED, Reason.WAITING_FOR_MODEL, "Training",
    ),
    "a Model that nobody has looked at is waited for": (
        {"model": an_observed_model(phase=RunPhase.QUEUED, reason=None)},
        RunPhase.QUEUED, Reason.WAITING_FOR_MODEL, "is Queued.",
    ),
    "a Model that failed fails it with the same reason": (
        {"model": an_observed_model(phase=RunPhase.FAILED, reason=Reason.TRAINING_DIVERGED, message="loss is NaN")},
        RunPhase.FAILED, Reason.TRAINING_DIVERGED, "loss is NaN",
    ),
    "a Model whose storage stayed away fails it with the same reason": (
        {"model": an_observed_model(phase=RunPhase.FAILED, reason=Reason.STORAGE_UNAVAILABLE, message="no answer")},
        RunPhase.FAILED, Reason.STORAGE_UNAVAILABLE, "no answer",
    ),
    "a Model that never started fails it with the same reason": (
        {"model": an_observed_model(phase=RunPhase.FAILED, reason=Reason.START_TIMEOUT, message="no node")},
        RunPhase.FAILED, Reason.START_TIMEOUT, "no node",
    ),
    "a Model that was cancelled fails it": (
        {"model": an_observed_model(phase=RunPhase.CANCELLED, reason=Reason.CANCELLED)},
        RunPhase.FAILED, Reason.CANCELLED, "Cancelled",
    ),
    "a Dataset that does not exist is waited for": (
        {"dataset": None}, RunPhase.QUEUED, Reason.WAITING_FOR_DATASET, "`fruit-june`",
    ),
    "an Invalid Dataset fails it": (
        {"dataset": an_observed_dataset("fruit-june", phase=DatasetPhase.INVALID, reason=Reason.DATASET_CORRUPT)},
        RunPhase.FAILED, Reason.DATASET_CORRUPT, "Invalid",
    ),
    "a Dataset of another kind fails it and names the kind that fits": (
        {
            "dataset": an_observed_dataset(
                "fruit-june", spec=a_dataset_spec(annotationKind="imageObjectDetection")
            )
        },
        RunPhase.FAILED, Reason.INCORRECT_MODEL_KIND, "imageClassification",
    ),
    "a Secret that is not allowed names the field": (
        {"dataset": an_observed_dataset("fruit-june", spec=a_dataset_spec(storage={"credentialsSecret": "root"}))},
        RunPhase.QUEUED, Reason.INVALID_CONFIGURATION, "credentialsSecret",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "phase", "reason", "words"), BLOCKED.values(), ids=BLOCKED.keys())
def test_what_blocks_an_evaluation_starts_nothing_and_says_why(
    changes: dict[str, Any], phase: RunPhase, reason: Reason, words: str
) -> None:
    decision = decide(an_evaluation_view(**changes))
    assert (decision.status.phase, decision.status.reason) == (phase, reason)
    assert words in (decision.status.message or "")
    assert decision.start is None


def test_an_evaluation_of_a_succeeded_model_starts() -> None:
    assert decide(an_evaluation_view()).start == 1


def test_a_working_container_evaluates() -> None:
    status = EvaluationStatus(attempts=(an_attempt(),))
    decision = decide(an_evaluation_view(status=status, jobs=(a_job(),), pods=(a_running_pod(),)))
    assert (decision.status.phase, decision.status.reason) == (RunPhase.EVALUATING, Reason.EVALUATING)


def test_a_result_names_the_model_and_the_data() -> None:
    score = Performance(measured_on=MeasuredOn.EVALUATION_DATASET, images=5, score=0.9)
    said = an_outcome(command=Command.EVALUATE, performance=score, model_digest="sha256:m", dataset_revision="sha256:r")
    view = an_evaluation_view(
        status=EvaluationStatus(attempts=(an_attempt(),)), jobs=(a_job(),), pods=(an_ended_pod(0, said),)
    )
    status = decide(view).status
    assert status.phase is RunPhase.SUCCEEDED
    assert (status.performance, status.model_digest, status.dataset_revision) == (score, "sha256:m", "sha256:r")


def test_a_result_stays_when_the_model_and_the_dataset_go() -> None:
    status = EvaluationStatus(phase=RunPhase.SUCCEEDED, model_digest="sha256:m")
    assert decide(an_evaluation_view(status=status, model=None, dataset=None)) == Decision(status)


def test_a_running_evaluation_goes_on_when_its_model_is_deleted() -> None:
    status = EvaluationStatus(attempts=(an_attempt(),))
    view = an_evaluation_view(status=status, model=None, jobs=(a_job(),), pods=(a_running_pod(),))
    assert decide(view).status.phase is RunPhase.EVALUATING


def test_results_stand_beside_the_models_folder() -> None:
    base = find_places(an_evaluation_view(), a_config())
    assert base is not None
    assert base[0] == "s3://vision/fruit/darkroom"
