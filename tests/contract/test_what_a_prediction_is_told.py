"""What the operator writes into the Job of a Prediction the trainer can read."""

from typing import Any

from darkroom_api import names
from darkroom_api.run_config import Command, PredictionOrder, RunConfig
from darkroom_api.v1alpha1.prediction import PredictionFormat
from darkroom_operator.decide.model_use import decide_prediction
from darkroom_operator.manifests.job import build_job
from darkroom_operator.manifests.pod import ANNOTATION_RUN_CONFIG
from darkroom_operator.manifests.run_config import plan_prediction
from tests.builders import UID, a_config
from tests.prediction_builders import a_prediction_spec, a_prediction_view

CONFIG = a_config()
OVER_IMAGES = a_prediction_spec(dataset=None, images={"uri": "s3://vision/new"}, threshold=0.3, write=["JSON"])


def answer(**changes: Any) -> RunConfig:
    """Decide about a Prediction, build its Job, and read the file that its trainer finds, as the trainer does."""
    view = a_prediction_view(**changes)
    plan = plan_prediction(view, decide_prediction(view, CONFIG).status, CONFIG)
    job = build_job(plan, CONFIG)
    told = RunConfig.model_validate_json(job["spec"]["template"]["metadata"]["annotations"][ANNOTATION_RUN_CONFIG])
    assert told == plan.run
    return told


def test_a_prediction_is_told_who_it_is_and_where_the_model_and_its_own_folder_are() -> None:
    told = answer()
    assert (told.command, told.resource.kind, told.resource.uid) == (Command.PREDICT, "Prediction", UID)
    assert told.model is not None
    assert told.model.uri == "s3://vision/fruit/darkroom/models/fruit-12345678"
    assert told.output is not None
    assert told.output.uri == f"s3://vision/fruit/darkroom/{names.artifact_folder('Prediction', 'july', UID)}"


def test_a_prediction_over_a_dataset_is_told_of_it_and_of_no_folder() -> None:
    told = answer()
    assert (told.dataset.name, told.dataset.revision, told.task) == ("fruit-june", "sha256:r1", "classifier")
    assert told.prediction == PredictionOrder()


def test_a_prediction_over_a_folder_is_told_of_it_and_of_what_its_model_learned_from() -> None:
    told = answer(spec=OVER_IMAGES, dataset=None)
    assert (told.dataset.name, told.dataset.annotation_files) == ("fruit", ("s3://vision/fruit/train.json",))
    assert told.prediction is not None
    assert told.prediction.images is not None
    assert told.prediction.images.uri == "s3://vision/new"
    assert (told.prediction.threshold, told.prediction.write) == (0.3, (PredictionFormat.JSON,))


def test_a_prediction_over_a_folder_knows_no_labels_where_those_of_its_model_are_gone() -> None:
    told = answer(spec=OVER_IMAGES, dataset=None, model_dataset=None)
    assert (told.dataset.name, told.dataset.annotation_files) == ("fruit", ())
