"""A training on reviewed labels."""

import pytest

from darkroom_api.v1alpha1.common import AnnotationKind, SourceStorage, Storage, Task
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_api.v1alpha1.model import ModelSpec, Output
from darkroom_server.pages.content.retraining import build_retraining

LABELS = "s3://vision/rest/reviewed.json"
OWN = Storage(region="eu-central-1")
OF_DATASET = SourceStorage(endpoint="http://s3.storage.svc:9000", region="us-east-1")


def a_model(output: Output | None = None) -> ModelSpec:
    return ModelSpec(task=Task.DETECTOR, dataset="fruit", budget="20m", output=output)


def a_dataset(storage: SourceStorage | None) -> DatasetSpec:
    files = ("s3://vision/train.json",)
    return DatasetSpec(annotation_kind=AnnotationKind.DETECTION, annotation_files=files, storage=storage)


def test_a_retraining_is_like_the_model_on_the_reviewed_labels() -> None:
    dataset, training = build_retraining("rest", LABELS, a_model(), None, None)
    assert dataset["spec"] == {"annotationKind": "imageObjectDetection", "annotationFiles": [LABELS]}
    assert training["spec"] == {"task": "detector", "dataset": dataset["metadata"]["name"], "budget": "20m"}


@pytest.mark.parametrize(
    ("output", "storage", "wanted"),
    [
        (Output(uri="s3://models", storage=OWN), OF_DATASET, OWN),
        (Output(uri="s3://models"), OF_DATASET, OF_DATASET),
        (None, OF_DATASET, OF_DATASET),
        (None, None, None),
    ],
    ids=["the output's own", "an output in the dataset's", "beside the dataset", "of the environment"],
)
def test_the_labels_are_read_by_the_storage_that_their_bucket_needs(
    output: Output | None, storage: SourceStorage | None, wanted: Storage | None
) -> None:
    dataset, _ = build_retraining("rest", LABELS, a_model(output), a_dataset(storage), None)
    assert dataset["spec"].get("storage") == (wanted.to_json() if wanted else None)


@pytest.mark.parametrize("storage", [None, OF_DATASET, SourceStorage(volume_claim="photos")])
def test_images_on_a_volume_are_read_from_the_claim_that_they_were_answered_on(storage: SourceStorage | None) -> None:
    dataset, _ = build_retraining("rest", LABELS, a_model(), a_dataset(storage), "inbox")
    named = storage.to_json() if storage else {}
    assert dataset["spec"]["storage"] == {**named, "volumeClaim": "inbox"}
