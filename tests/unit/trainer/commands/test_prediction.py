"""Images answered by a finished model from the run's configuration to its files and outcome."""

import json
import pathlib
import threading
from typing import Any

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.report import Outcome, parse_outcome
from darkroom_api.run_config import Location, StorageAccess
from darkroom_api.v1alpha1.common import TASK_ANNOTATIONS, AnnotationKind
from darkroom_api.v1alpha1.prediction import PredictionFormat, PredictionSummary
from darkroom_predict import description, listing
from darkroom_storage.objects import Storage
from tests.local_storage import a_local_place
from tests.support.model_folders import copy_without, folder
from tests.support.pictures import write_images
from tests.unit.trainer.prediction_runs import (
    BLUE,
    GREEN,
    GREY,
    RED,
    a_labelled_dataset,
    a_prediction,
    paint,
    read_prelabels,
    run_prediction,
    write_labels,
    write_model,
    write_pictures,
)

__all__ = ["folder"]
PICTURES = {
    "1.png": paint(RED), "2.png": paint(GREEN), "copy of 1.png": paint(RED), "unsure.png": paint(GREY),
    "deep/ä b.png": paint(BLUE), "bad.png": b"text", "labelled.json": b"{}", "notes.txt": b"",
}  # fmt: skip
TAGS: dict[str, str | None] = {"1.png": "red", "2.png": "green"}


def predict(tmp_path: pathlib.Path, pictures: dict[str, bytes], tags: dict[str, str | None], **order: Any) -> Outcome:
    place = write_pictures(tmp_path / "in", pictures)
    dataset = a_labelled_dataset(write_labels(tmp_path / "in", tags))
    config = a_prediction(
        write_model(tmp_path / "model"), dataset, a_local_place(tmp_path / "out"), **{"images": place, **order}
    )
    return run_prediction(config, tmp_path / "work")


def test_a_folder_is_answered_and_what_was_done_is_told(tmp_path: pathlib.Path) -> None:
    outcome = predict(tmp_path, PICTURES, TAGS, threshold=0.5, write=tuple(PredictionFormat))
    assert outcome.reason is Reason.SUCCEEDED, outcome.message
    counts = outcome.prediction
    assert counts is not None
    assert counts.model_copy(update={"problems": ()}) == PredictionSummary(
        images=2, objects=1, below_threshold=1, already_labelled=3, unreadable=1, threshold=0.5, problem_count=1
    )
    assert [problem.subject for problem in counts.problems] == ["bad.png"]
    assert outcome.message.startswith("2 images of file://")
    assert outcome.model_digest == listing.check_files(tmp_path / "model", []).digest
    assert outcome.dataset_revision == "r1"
    assert parse_outcome(outcome.to_termination_message()) == outcome


def test_the_files_are_listed_and_stand_in_the_order_of_review(tmp_path: pathlib.Path) -> None:
    outcome = predict(tmp_path, PICTURES, TAGS, threshold=0.5, write=tuple(PredictionFormat))
    out = tmp_path / "out"
    names = [
        "predictions.jsonl", "prelabels.json", "previews/000001.jpg", "previews/000002.jpg", "tasks.json",
    ]  # fmt: skip
    assert sorted(listing.check_files(out, names).files) == names
    assert outcome.artifacts is not None
    assert (outcome.artifacts.uri, outcome.artifacts.digest) == (out.as_uri(), listing.check_files(out, []).digest)
    images = read_prelabels(out)["images"]
    assert [(image["file_name"], image["review"], image.get("label_by_hand", False)) for image in images] == [
        ("unsure.png", "pending", True), ("deep/ä b.png", "pending", False),
    ]  # fmt: skip
    assert [json.loads(line)["image"] for line in (out / "predictions.jsonl").read_text().splitlines()] == [
        image["absolute_url"] for image in images
    ]


def test_the_models_threshold_counts_where_none_is_given(tmp_path: pathlib.Path) -> None:
    outcome = predict(tmp_path, {"a.png": paint(GREY)}, TAGS)
    assert outcome.prediction is not None
    assert (outcome.prediction.threshold, outcome.prediction.objects) == (0.0, 1)


def test_the_images_of_a_dataset_without_labels_are_answered_and_the_second_run_finds_them_again(
    tmp_path: pathlib.Path,
) -> None:
    place = write_pictures(tmp_path / "in", {name: PICTURES[name] for name in ("1.png", "2.png", "unsure.png")})
    dataset = a_labelled_dataset(
        write_labels(tmp_path / "in", {**TAGS, "unsure.png": None}, unsure={"review": "pending"})
    )
    config = a_prediction(write_model(tmp_path / "model"), dataset, a_local_place(tmp_path / "out"))
    outcome = run_prediction(config, tmp_path / "work")
    assert outcome.prediction is not None, outcome.message
    assert (outcome.prediction.images, outcome.prediction.already_labelled) == (1, 2)
    first = (tmp_path / "out" / "prelabels.json").read_bytes()
    assert read_prelabels(tmp_path / "out")["images"][0]["absolute_url"] == f"{place.uri}/unsure.png"
    run_prediction(config, tmp_path / "again")
    assert (tmp_path / "out" / "prelabels.json").read_bytes() == first


def test_a_bucket_is_answered_page_by_page(
    storage: Storage, access: StorageAccess, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("darkroom_storage.stores.s3.PAGE_OBJECTS", 2)
    for name, data in {**PICTURES, "deep/": b""}.items():
        storage.write_bytes(f"s3://vision/batch/{name}", data)
    dataset = a_labelled_dataset(write_labels(tmp_path / "elsewhere", TAGS))
    write_pictures(tmp_path / "elsewhere", {name: PICTURES[name] for name in TAGS})
    output = Location(uri="s3://vision/batch/out", storage=access)
    config = a_prediction(
        write_model(tmp_path / "model"), dataset, output, images=Location(uri="s3://vision/batch", storage=access)
    )
    for attempt in ("first", "second, which finds the first one's previews"):
        outcome = run_prediction(config, tmp_path / attempt)
        assert outcome.prediction is not None, outcome.message
        assert (outcome.prediction.images, outcome.prediction.already_labelled) == (2, 3), "three by their content"
    found = json.loads(storage.read_bytes("s3://vision/batch/out/prelabels.json"))
    assert {image["absolute_url"] for image in found["images"]} == {
        "s3://vision/batch/unsure.png", "s3://vision/batch/deep/ä b.png",
    }  # fmt: skip
    assert storage.find_size("s3://vision/batch/out/previews/000002.jpg") > 0


def test_images_that_are_all_labelled_are_a_result(tmp_path: pathlib.Path) -> None:
    outcome = predict(tmp_path, {"1.png": paint(RED), "2.png": paint(GREEN)}, TAGS)
    assert outcome.reason is Reason.SUCCEEDED
    assert outcome.message == f"nothing to answer: all 2 images of {(tmp_path / 'in').as_uri()} are labelled already"
    assert read_prelabels(tmp_path / "out")["images"] == []


ENDS = {
    "an empty folder": ({}, Reason.DATASET_NOT_FOUND, "images: there is no image below"),
    "nothing that can be read": ({"a.png": b"x"}, Reason.DATASET_CORRUPT, "images: none of the 1 images of file:"),
}


@pytest.mark.parametrize(("pictures", "reason", "said"), ENDS.values(), ids=ENDS.keys())
def test_a_run_ends_that_has_nothing_to_answer(
    pictures: dict[str, bytes], reason: Reason, said: str, tmp_path: pathlib.Path
) -> None:
    outcome = predict(tmp_path, pictures, TAGS)
    assert outcome.reason is reason
    assert outcome.message.startswith(said)
    assert not (tmp_path / "out").exists()


def test_data_of_another_kind_is_refused_as_an_evaluation_refuses_it(tmp_path: pathlib.Path) -> None:
    dataset = a_labelled_dataset("file:///none.json", kind=AnnotationKind.DETECTION)
    outcome = run_prediction(a_prediction(write_model(tmp_path / "model"), dataset), tmp_path / "work")
    assert outcome.reason is Reason.INCORRECT_MODEL_KIND
    assert outcome.message == (
        "model: a classifier needs annotationKind imageClassification, dataset fruit has imageObjectDetection"
    )


def test_a_prediction_without_a_model_is_refused_by_field(tmp_path: pathlib.Path) -> None:
    outcome = run_prediction(a_prediction(None, a_labelled_dataset()), tmp_path / "work")
    assert (outcome.reason, outcome.message) == (Reason.INVALID_CONFIGURATION, "model: a prediction needs it")


def test_a_stopped_attempt_says_that_the_next_one_starts_again(tmp_path: pathlib.Path) -> None:
    stop = threading.Event()
    stop.set()
    config = a_prediction(write_model(tmp_path / "model"), a_labelled_dataset(), images=a_local_place(tmp_path))
    outcome = run_prediction(config, tmp_path / "work", stop)
    assert outcome.reason is Reason.RETRYING_AFTER_DISRUPTION
    assert outcome.message == (
        "Stopped on request; a prediction keeps nothing of an attempt, so the next one starts again."
    )


@pytest.mark.parametrize("left_out", ["nothing", description.ONNX_NAME], ids=["with ONNX", "with weights alone"])
def test_models_of_every_task_answer(folder: pathlib.Path, left_out: str, tmp_path: pathlib.Path) -> None:
    model = copy_without(folder, tmp_path / "model", left_out)
    task = description.read_description(folder).task
    images = write_images(tmp_path)
    dataset = a_labelled_dataset(kind=TASK_ANNOTATIONS[task])
    order = {"images": a_local_place(images[0].parent), "threshold": 0.01}
    config = a_prediction(a_local_place(model), dataset, a_local_place(tmp_path / "out"), **order)
    outcome = run_prediction(config, tmp_path / "work")
    assert outcome.reason is Reason.SUCCEEDED, outcome.message
    document = read_prelabels(tmp_path / "out")
    assert len(document["images"]) == len(images)
    assert len(document["annotations"]) > 0
    assert all(("bbox" in annotation) is task.has_boxes for annotation in document["annotations"])
    assert all(0 <= image["uncertainty"] <= 1 for image in document["images"])
