"""What is decided about an Evaluation and a Prediction, state by state."""

from typing import Any

import pytest

from darkroom_api.conditions import DatasetPhase, Reason, RunPhase
from darkroom_api.run_config import Command
from darkroom_api.v1alpha1.common import MeasuredOn, Performance
from darkroom_api.v1alpha1.evaluation import EvaluationStatus
from darkroom_api.v1alpha1.prediction import PredictionStatus, PredictionSummary
from darkroom_operator.decide.model_use import decide_evaluation, decide_prediction
from darkroom_operator.decide.places import find_places
from darkroom_operator.decide.steps import Decision
from tests.builders import (
    Json,
    a_config,
    a_dataset_spec,
    a_job,
    a_model_spec,
    a_running_pod,
    an_attempt,
    an_ended_pod,
    an_evaluation_view,
    an_observed_dataset,
    an_observed_model,
    an_outcome,
)
from tests.prediction_builders import a_prediction_spec, a_prediction_view


def evaluate(view: Any) -> Decision[EvaluationStatus]:
    """Decide with the tests' configuration."""
    return decide_evaluation(view, a_config())


NOT_MEASURED = {
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


@pytest.mark.parametrize(("changes", "phase", "reason", "words"), NOT_MEASURED.values(), ids=NOT_MEASURED.keys())
def test_what_blocks_an_evaluation_starts_nothing_and_says_why(
    changes: dict[str, Any], phase: RunPhase, reason: Reason, words: str
) -> None:
    decision = evaluate(an_evaluation_view(**changes))
    assert (decision.status.phase, decision.status.reason) == (phase, reason)
    assert words in (decision.status.message or "")
    assert decision.start is None


def test_an_evaluation_of_a_succeeded_model_starts() -> None:
    assert evaluate(an_evaluation_view()).start == 1


def test_a_working_container_evaluates() -> None:
    status = EvaluationStatus(attempts=(an_attempt(),))
    decision = evaluate(an_evaluation_view(status=status, jobs=(a_job(),), pods=(a_running_pod(),)))
    assert (decision.status.phase, decision.status.reason) == (RunPhase.EVALUATING, Reason.EVALUATING)


def test_a_result_names_the_model_and_the_data() -> None:
    score = Performance(measured_on=MeasuredOn.EVALUATION_DATASET, images=5, score=0.9)
    said = an_outcome(command=Command.EVALUATE, performance=score, model_digest="sha256:m", dataset_revision="sha256:r")
    view = an_evaluation_view(
        status=EvaluationStatus(attempts=(an_attempt(),)), jobs=(a_job(),), pods=(an_ended_pod(0, said),)
    )
    status = evaluate(view).status
    assert status.phase is RunPhase.SUCCEEDED
    assert (status.performance, status.model_digest, status.dataset_revision) == (score, "sha256:m", "sha256:r")


def test_a_result_stays_when_the_model_and_the_dataset_go() -> None:
    status = EvaluationStatus(phase=RunPhase.SUCCEEDED, model_digest="sha256:m")
    assert evaluate(an_evaluation_view(status=status, model=None, dataset=None)) == Decision(status)


def test_a_running_evaluation_goes_on_when_its_model_is_deleted() -> None:
    status = EvaluationStatus(attempts=(an_attempt(),))
    view = an_evaluation_view(status=status, model=None, jobs=(a_job(),), pods=(a_running_pod(),))
    assert evaluate(view).status.phase is RunPhase.EVALUATING


def test_results_stand_beside_the_models_folder() -> None:
    assert find_places(an_evaluation_view(), a_config())[0] == "s3://vision/fruit/darkroom"


FOLDER: Json = {"uri": "s3://vision/new", "storage": {"credentialsSecret": "darkroom-new"}}


def predict(view: Any) -> Decision[PredictionStatus]:
    """Decide with the tests' configuration."""
    return decide_prediction(view, a_config())


def over(**images: Any) -> Json:
    """Return what is seen of a Prediction over a folder."""
    return {"spec": a_prediction_spec(dataset=None, images={**FOLDER, **images}), "dataset": None}


OTHER_KIND = a_dataset_spec(annotationKind="imageObjectDetection")
NOT_ANSWERED: dict[str, tuple[Json, RunPhase, Reason, str]] = {
    "a Model that does not exist is waited for": (
        {"model": None}, RunPhase.QUEUED, Reason.WAITING_FOR_MODEL, "model: Model `fruit` does not exist",
    ),
    "a Model that trains is waited for, whatever it is to answer": (
        {**over(), "model": an_observed_model(phase=RunPhase.TRAINING, reason=Reason.TRAINING)},
        RunPhase.QUEUED, Reason.WAITING_FOR_MODEL, "Training",
    ),
    "a Model that failed fails it with the same reason": (
        {"model": an_observed_model(phase=RunPhase.FAILED, reason=Reason.TRAINING_DIVERGED, message="loss is NaN")},
        RunPhase.FAILED, Reason.TRAINING_DIVERGED, "loss is NaN",
    ),
    "a Dataset that does not exist is waited for": (
        {"dataset": None}, RunPhase.QUEUED, Reason.WAITING_FOR_DATASET, "dataset: Dataset `fruit-june`",
    ),
    "an Invalid Dataset fails it": (
        {"dataset": an_observed_dataset("fruit-june", phase=DatasetPhase.INVALID, reason=Reason.DATASET_CORRUPT)},
        RunPhase.FAILED, Reason.DATASET_CORRUPT, "Invalid",
    ),
    "a Dataset for another task fails it and names the kind that fits": (
        {"dataset": an_observed_dataset("fruit-june", spec=OTHER_KIND)},
        RunPhase.FAILED, Reason.INCORRECT_MODEL_KIND, "a `classifier` needs a Dataset of kind `imageClassification`",
    ),
    "a folder of one machine fails it": (
        over(uri="file:pictures"), RunPhase.FAILED, Reason.INVALID_CONFIGURATION, "images.uri: `file:pictures`",
    ),
    "a Secret of the images that is not allowed names the field": (
        over(storage={"credentialsSecret": "root"}),
        RunPhase.QUEUED, Reason.INVALID_CONFIGURATION, "images.storage.credentialsSecret: Secret `root`",
    ),
    "an endpoint of the images that is not allowed names the field": (
        over(storage={"endpoint": "http://minio.other.svc:9000"}),
        RunPhase.QUEUED, Reason.NOT_ALLOWED, "images.storage.endpoint: `http://minio.other.svc:9000`",
    ),
    "two ServiceAccounts are one too many": (
        {
            **over(storage={"serviceAccountName": "darkroom-a"}),
            "model_dataset": an_observed_dataset(spec=a_dataset_spec(storage={"serviceAccountName": "darkroom-b"})),
        },
        RunPhase.QUEUED, Reason.INVALID_CONFIGURATION,
        "images.storage.serviceAccountName = `darkroom-a`, model: output.storage.serviceAccountName = `darkroom-b`",
    ),
    "a compute class that is not there names the field": (
        {"spec": a_prediction_spec(compute={"class": "tpu"})},
        RunPhase.QUEUED, Reason.INVALID_CONFIGURATION, "compute.class",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "phase", "reason", "words"), NOT_ANSWERED.values(), ids=NOT_ANSWERED.keys())
def test_what_blocks_a_prediction_starts_nothing_and_says_why(
    changes: Json, phase: RunPhase, reason: Reason, words: str
) -> None:
    decision = predict(a_prediction_view(**changes))
    assert (decision.status.phase, decision.status.reason) == (phase, reason)
    assert words in (decision.status.message or "")
    assert decision.start is None


STARTED: dict[str, Json] = {
    "over a Dataset": {},
    "over a folder, while the Model's own Dataset is read again": {
        **over(), "model_dataset": an_observed_dataset(phase=DatasetPhase.INSPECTING),
    },
    "over a folder, though the Model's own Dataset is Invalid by now and names a Secret that is not allowed": {
        **over(),
        "model_dataset": an_observed_dataset(
            phase=DatasetPhase.INVALID, spec=a_dataset_spec(storage={"credentialsSecret": "root"})
        ),
        "model": an_observed_model(spec=a_model_spec(output={"uri": "s3://m", "storage": {"region": "eu-west-1"}})),
    },
    "over a folder, though the Model's own Dataset is gone": {**over(), "model_dataset": None},
}  # fmt: skip


@pytest.mark.parametrize("changes", STARTED.values(), ids=STARTED.keys())
def test_a_prediction_with_a_succeeded_model_starts(changes: Json) -> None:
    decision = predict(a_prediction_view(**changes))
    assert (decision.start, decision.status.reason) == (1, Reason.SCHEDULING)


def test_a_working_container_predicts() -> None:
    status = PredictionStatus(attempts=(an_attempt(),))
    decision = predict(a_prediction_view(status=status, jobs=(a_job(),), pods=(a_running_pod(),)))
    assert (decision.status.phase, decision.status.reason) == (RunPhase.PREDICTING, Reason.PREDICTING)


def test_a_result_says_what_was_answered_and_stays_when_model_and_dataset_go() -> None:
    summary = PredictionSummary(images=41, objects=120, below_threshold=3, already_labelled=12, threshold=0.4)
    said = an_outcome(command=Command.PREDICT, prediction=summary, model_digest="sha256:m")
    view = a_prediction_view(
        status=PredictionStatus(attempts=(an_attempt(),)), jobs=(a_job(),), pods=(an_ended_pod(0, said),)
    )
    status = predict(view).status
    assert (status.phase, status.summary, status.model_digest) == (RunPhase.SUCCEEDED, summary, "sha256:m")
    assert predict(a_prediction_view(status=status, model=None, dataset=None)).status == status


def test_a_prediction_of_a_namespace_with_enough_runs_waits() -> None:
    config = a_config(limits=[{"namespaces": ["*"], "maxRunningRuns": 1}])
    status = decide_prediction(a_prediction_view(other_runs=1), config).status
    assert (status.phase, status.reason) == (RunPhase.QUEUED, Reason.WAITING_FOR_QUOTA)


def test_a_prediction_is_given_the_time_of_its_namespace() -> None:
    config = a_config(limits=[{"namespaces": ["*"], "maxPredictionTime": "20m"}])
    given = decide_prediction(a_prediction_view(), config).status.allocation
    assert given is not None
    assert given.deadline_seconds == 20 * 60 + 150
