"""Specs become what a trainer is told, whoever tells it."""

from typing import Any

import pytest

from darkroom_api import runs
from darkroom_api.endpoints import OWN_MACHINE, Reach
from darkroom_api.run_config import Command, Location, PictureFolder, PredictionOrder, StorageAccess, Weights
from darkroom_api.v1alpha1.common import AnnotationKind, Storage, Task
from darkroom_api.v1alpha1.prediction import PredictionFormat
from tests.builders import a_dataset_spec, a_model_spec
from tests.prediction_builders import a_prediction_spec

LISTED = Reach(allowed_endpoints=("http://s3.example:9000",))
RESOURCE = runs.build_reference("Model", "vision", "fruit", "u1")
SOURCE = runs.build_source("fruit", a_dataset_spec(), StorageAccess(), "sha256:r1")
OUTPUT = Location(uri="s3://vision/out")

ACCESSES: dict[str, tuple[dict[str, Any] | None, str | None, dict[str, Any]]] = {
    "no storage needs no keys": (None, "/keys", {}),
    "a service without keys": ({"endpoint": "http://s3.example:9000"}, None, {"endpoint": "http://s3.example:9000"}),
    "keys of a Secret": (
        {"credentialsSecret": "bucket", "region": "eu-west-1"},
        "/keys",
        {"credentials_dir": "/keys", "region": "eu-west-1"},
    ),
    "an identity of the cloud": ({"serviceAccountName": "reader"}, None, {"service_account": True}),
}


@pytest.mark.parametrize(("storage", "keys", "expected"), ACCESSES.values(), ids=ACCESSES)
def test_a_storage_is_reached_by(storage: dict[str, Any] | None, keys: str | None, expected: dict[str, Any]) -> None:
    given = Storage.model_validate(storage) if storage is not None else None
    assert runs.build_access(given, LISTED, keys) == StorageAccess(reach=LISTED, **expected)


def test_a_source_holds_all_that_reading_a_dataset_needs() -> None:
    mappings = [{"from": "azureml://shelf/", "to": "s3://vision/"}]
    spec = a_dataset_spec(annotationKind="imageObjectDetection", imageRoot="s3://vision/images", urlMappings=mappings)
    access = StorageAccess(reach=OWN_MACHINE)
    source = runs.build_source("shelf", spec, access, "sha256:r2")
    assert (source.name, source.annotation_kind) == ("shelf", AnnotationKind.DETECTION)
    assert (source.annotation_files, source.image_root) == (("s3://vision/fruit/train.json",), "s3://vision/images")
    assert [(mapping.from_prefix, mapping.to_prefix) for mapping in source.url_mappings] == [
        ("azureml://shelf/", "s3://vision/")
    ]
    assert (source.storage, source.revision) == (access, "sha256:r2")
    assert runs.build_source("shelf", a_dataset_spec(), access).url_mappings == ()


@pytest.mark.parametrize(
    ("fields", "budget_seconds", "seed", "backbone"),
    [({}, 600.0, 0, None), ({"budget": "90m", "seed": 7, "backbone": "resnet18"}, 5400.0, 7, "resnet18")],
    ids=["what it must have", "all of it"],
)
def test_a_training_is_told_the_wishes_of_its_spec(
    fields: dict[str, Any], budget_seconds: float, seed: int, backbone: str | None
) -> None:
    weights = Weights(hub="https://hub.example")
    run = runs.build_training(RESOURCE, a_model_spec(**fields), SOURCE, None, OUTPUT, weights)
    assert (run.command, run.task, run.attempt) == (Command.TRAIN, Task.CLASSIFIER, 1)
    assert (run.budget_seconds, run.seed, run.backbone) == (budget_seconds, seed, backbone)
    assert (run.dataset, run.evaluation_dataset, run.output, run.weights) == (SOURCE, None, OUTPUT, weights)


def test_a_training_with_an_evaluation_dataset_keeps_the_two_apart() -> None:
    other = SOURCE.model_copy(update={"name": "fruit-june"})
    pictures = PictureFolder(uri="s3://vision/pictures", most_bytes=1)
    run = runs.build_training(RESOURCE, a_model_spec(), SOURCE, other, OUTPUT, Weights(), pictures)
    assert run.pictures == pictures
    assert (run.dataset.name, run.evaluation_dataset) == ("fruit", other)


def test_an_evaluation_does_the_task_of_the_model_that_it_measures() -> None:
    model = Location(uri="s3://vision/models/shelf")
    run = runs.build_evaluation(RESOURCE, a_model_spec(task="detector"), SOURCE, model, OUTPUT)
    assert (run.command, run.task, run.model, run.output) == (Command.EVALUATE, Task.DETECTOR, model, OUTPUT)
    assert run.budget_seconds is None


def test_a_prediction_is_told_what_to_answer_and_the_usual_files_to_write() -> None:
    model, images = Location(uri="s3://vision/models/shelf"), Location(uri="s3://vision/new")
    answering = a_model_spec(task="detector")
    spec = a_prediction_spec(dataset=None, images={"uri": "s3://vision/new"}, threshold=0.3)
    run = runs.build_prediction(RESOURCE, spec, answering, SOURCE, model, images, OUTPUT)
    assert (run.command, run.task, run.model, run.output) == (Command.PREDICT, Task.DETECTOR, model, OUTPUT)
    written = (PredictionFormat.COCO, PredictionFormat.LABEL_STUDIO)
    assert run.prediction == PredictionOrder(images=images, threshold=0.3, write=written)
    wanted = a_prediction_spec(write=["JSON"])
    over_dataset = runs.build_prediction(RESOURCE, wanted, answering, SOURCE, model, None, OUTPUT).prediction
    assert over_dataset == PredictionOrder(write=(PredictionFormat.JSON,))


def test_a_dataset_that_is_gone_lists_no_image() -> None:
    missing = runs.build_missing_source(a_model_spec(task="detector"))
    assert (missing.name, missing.annotation_kind, missing.annotation_files) == ("fruit", AnnotationKind.DETECTION, ())


def test_an_inspection_may_have_nowhere_to_write_and_knows_its_attempt() -> None:
    run = runs.build_inspection(RESOURCE, SOURCE, None, 3)
    assert (run.command, run.dataset, run.output, run.attempt) == (Command.INSPECT, SOURCE, None, 3)
