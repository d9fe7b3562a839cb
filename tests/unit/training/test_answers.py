"""Answers in the replaced service's form, artifacts that prove themselves, and labels matched by name."""

import dataclasses
import pathlib

import numpy as np
import pytest

from darkroom_api import conditions, run_config
from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_predict import description, listing
from darkroom_predict.answers import build_answer, round_box
from darkroom_predict.errors import ModelUnusable
from darkroom_predict.predictions import Prediction, keep_best_of_stacked
from darkroom_trainer.data import annotations
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.export import artifacts, card
from darkroom_trainer.runtime import errors
from tests.unit.training.learning import an_example


@pytest.mark.parametrize(
    ("box", "rounded"),
    [
        pytest.param((0.1, 0.2, 0.3, 0.4), (10, 20, 30, 40), id="as it is"),
        pytest.param((-0.2, -0.2, 0.5, 0.5), (0, 0, 30, 30), id="cut at the left and the top"),
        pytest.param((0.9, 0.9, 0.5, 0.5), (90, 90, 10, 10), id="cut at the right and the bottom"),
        pytest.param((0.5, 0.5, 0.0, 0.0), (50, 50, 1, 1), id="at least one pixel"),
        pytest.param((1.0, 1.0, 0.1, 0.1), (99, 99, 1, 1), id="never outside"),
        pytest.param((0.0, 0.0, 1.0, 1.0), (0, 0, 100, 100), id="the whole image"),
    ],
)
def test_boxes_are_whole_pixels_inside_the_image(box: tuple[float, ...], rounded: tuple[int, ...]) -> None:
    found = round_box(np.array(box, dtype=np.float32), (100, 100))
    assert tuple(found.values()) == rounded
    assert all(type(value) is int for value in found.values())


def test_objects_and_tags_have_the_services_form() -> None:
    box = np.array([[0.1, 0.2, 0.3, 0.4]], dtype=np.float32)
    one = Prediction(np.array([1]), np.array([0.875], np.float32), box)
    detector = build_answer(Task.DETECTOR, one, ("cat", "dog"), (1260, 900), "v1")
    assert detector == {
        "modelVersion": "v1",
        "metadata": {"width": 1260, "height": 900},
        "customModelResult": {
            "objectsResult": {
                "values": [
                    {
                        "id": "1",
                        "boundingBox": {"x": 126, "y": 180, "w": 378, "h": 360},
                        "tags": [{"name": "dog", "confidence": 0.875}],
                    }
                ]
            }
        },
    }
    tags = build_answer(Task.CLASSIFIER, one, ("cat", "dog"), (10, 10), "v1")["customModelResult"]
    assert tags == {"tagsResult": {"values": [{"name": "dog", "confidence": 0.875}]}}


def test_of_stacked_boxes_the_surest_is_shown() -> None:
    place, near, apart = (0.1, 0.1, 0.4, 0.4), (0.12, 0.1, 0.4, 0.4), (0.6, 0.6, 0.2, 0.2)
    found = Prediction(
        np.array([0, 1, 1, 0]),
        np.array([0.9, 0.8, 0.7, 0.2], np.float32),
        np.array([place, near, apart, apart], np.float32),
    )
    shown = keep_best_of_stacked(found, threshold=0.5)
    assert shown.labels.tolist() == [0, 1]
    assert shown.boxes[1].tolist() == pytest.approx(apart)


A_MODEL = description.ModelDescription(
    task=Task.CLASSIFIER,
    labels=("cat", "dög"),
    backbone="test_resnet",
    preprocessing=description.Preprocessing(64, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
    threshold=0.0,
    version="abc",
    darkroom_version="0",
)


def test_a_description_comes_back_as_it_was_written(tmp_path: pathlib.Path) -> None:
    description.write_description(A_MODEL, tmp_path)
    assert description.read_description(tmp_path) == A_MODEL


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"task": "painter"}'])
def test_a_file_that_describes_no_model_is_refused(tmp_path: pathlib.Path, text: str) -> None:
    (tmp_path / description.DESCRIPTION_NAME).write_text(text)
    with pytest.raises(ModelUnusable, match=r"model\.json"):
        description.read_description(tmp_path)


def published(tmp_path: pathlib.Path) -> pathlib.Path:
    local, bucket = tmp_path / "local", tmp_path / "bucket"
    local.mkdir()
    (local / "a.txt").write_text("one")
    (local / "b.txt").write_text("two")
    found = artifacts.publish_files(local, ["a.txt", "b.txt"], run_config.Location(uri=bucket.as_uri()))
    assert found is not None
    assert listing.check_files(bucket, ["a.txt"]).digest == found.digest
    return bucket


def test_published_files_are_fetched_again(tmp_path: pathlib.Path) -> None:
    bucket = published(tmp_path)
    artifacts.fetch_model(run_config.Location(uri=bucket.as_uri()), tmp_path / "again", ["a.txt", "b.txt"])
    assert (tmp_path / "again" / "b.txt").read_text() == "two"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        pytest.param("a.txt", "changed", "a.txt is not the file", id="a changed file"),
        pytest.param("artifacts.json", "{", "holds no usable model", id="a broken list"),
        pytest.param("artifacts.json", '{"files": {}}', "no entry 'a.txt'", id="a file that is not listed"),
        pytest.param("artifacts.json", None, "no finished model", id="no list: the training did not finish"),
    ],
)
def test_a_folder_that_is_no_finished_model_is_refused(
    tmp_path: pathlib.Path, name: str, text: str | None, said: str
) -> None:
    bucket = published(tmp_path)
    if text is None:
        (bucket / name).unlink()
    else:
        (bucket / name).write_text(text)
    with pytest.raises(errors.RunError, match=said) as refused:
        artifacts.fetch_model(run_config.Location(uri=bucket.as_uri()), tmp_path / "again", ["a.txt"])
    assert refused.value.reason is conditions.Reason.INVALID_CONFIGURATION


def a_dataset(*labels: str) -> LoadedDataset:
    examples = tuple(an_example(at, boxed=False) for at in range(len(labels)))
    return LoadedDataset("june", AnnotationKind.CLASSIFICATION, labels, examples, "sha256:0")


def test_labels_are_matched_by_name() -> None:
    aligned = annotations.align_labels(a_dataset("dog", "cat"), ("ant", "cat", "dog"))
    assert [example.labels for example in aligned.examples] == [(2,), (1,)]
    assert aligned.labels == ("ant", "cat", "dog")


def test_tags_that_were_never_learned_are_named() -> None:
    with pytest.raises(errors.RunError, match="dataset june: tags 'cow', 'yak' are not among") as refused:
        annotations.align_labels(a_dataset("yak", "cat", "cow"), ("cat", "dog"))
    assert refused.value.reason is conditions.Reason.DATASET_CORRUPT


def test_an_unused_unknown_tag_does_no_harm() -> None:
    known = a_dataset("cat")
    annotations.align_labels(dataclasses.replace(known, labels=("cat", "cow")), ("cat", "dog"))


def test_a_model_on_data_of_another_kind_is_refused() -> None:
    with pytest.raises(errors.RunError, match="detector needs annotationKind imageObjectDetection") as refused:
        annotations.check_annotation_kind(
            "june", AnnotationKind.CLASSIFICATION, Task.DETECTOR, conditions.Reason.INCORRECT_MODEL_KIND, "model"
        )
    assert refused.value.reason is conditions.Reason.INCORRECT_MODEL_KIND


def test_the_card_tells_both_meters_and_what_is_odd_about_the_model() -> None:
    meter = {"chargedSeconds": 59.31, "allocatedSeconds": 141.5, "attempt": 3, "devices": 2, "milliRate": 500}
    details = {
        "meter": meter,
        "images": {"final": 1440},
        "recipe": {"image_size_px": 64, "batch_size": 32},
        "steps": 900,
        "seed": 7,
        "device": "cpu with 2 threads",
        "budgetSeconds": 60.0,
        "datasetRevision": "abc",
    }
    preprocessing = description.Preprocessing(64, (0.5,), (0.25,))
    model = description.ModelDescription(
        Task.CLASSIFIER, ("a|b", *(str(at) for at in range(30))), "test_resnet", preprocessing, 0.0, "v1", "0.1"
    )
    text = card.build_card("digits", model, None, details, note="the final fit diverged")
    assert text.startswith("# digits\n\nThe final fit diverged.\n")
    for words in ("59.3 s of 60 s", "141.5 s", "attempt 3", "2 x cpu with 2 threads, milliRate 500", "and 11 more"):
        assert words in text
    assert "a\\|b" in text, "a tag ends no column"
    assert "not measured" in text
