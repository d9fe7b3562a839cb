"""Where the images to answer come from: a folder or a Dataset, without those that are labelled."""

import pathlib
import threading
from typing import Any

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.run_config import DatasetSource, Location, StorageAccess
from darkroom_storage.objects import Storage
from darkroom_trainer.prediction.prelabelling.choosing import ChosenImages, choose_images
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.runtime.reporting import SilentReporter
from tests.unit.trainer.prediction_runs import (
    RED,
    a_labelled_dataset,
    a_prediction,
    paint,
    write_labels,
    write_pictures,
)

TAGS: dict[str, str | None] = {"1.png": "red", "2.png": "green"}


def choose(dataset: DatasetSource, work: pathlib.Path, **order: Any) -> ChosenImages:
    return choose_images(a_prediction(None, dataset, **order), work, SilentReporter(), threading.Event())


def list_files(chosen: ChosenImages) -> list[str]:
    return sorted(candidate.file for candidate in chosen.candidates)


def test_of_a_dataset_those_are_chosen_that_wait_for_a_label(tmp_path: pathlib.Path) -> None:
    waiting = {"3": {"review": "pending"}, "4": {"review": "rejected"}}
    file = write_labels(tmp_path / "data", {**TAGS, "3.png": None, "4.png": "red"}, **waiting)
    chosen = choose(a_labelled_dataset(file), tmp_path)
    assert (list_files(chosen), chosen.already_labelled, chosen.place) == (["3.png", "4.png"], 2, "dataset fruit")


def test_of_a_folder_those_are_chosen_that_the_models_dataset_does_not_label(tmp_path: pathlib.Path) -> None:
    folder = write_pictures(tmp_path / "data", {"1.png": paint(RED), "deep/ä 3.png": paint(RED), "4.png": paint(RED)})
    chosen = choose(a_labelled_dataset(write_labels(tmp_path / "data", TAGS)), tmp_path, images=folder)
    assert (list_files(chosen), chosen.already_labelled, chosen.place) == (["4.png", "deep/ä 3.png"], 1, folder.uri)


def test_all_of_a_folder_are_chosen_where_the_models_dataset_is_gone(tmp_path: pathlib.Path) -> None:
    folder = write_pictures(tmp_path / "data", {"1.png": paint(RED), "2.png": paint(RED)})
    chosen = choose(a_labelled_dataset(), tmp_path, images=folder)
    assert (list_files(chosen), chosen.already_labelled) == (["1.png", "2.png"], 0)


def test_a_bucket_is_listed_with_whatever_keys_hold(
    storage: Storage, access: StorageAccess, tmp_path: pathlib.Path
) -> None:
    keys = ("a b.png", "ä/李 #1%20+.png", "none/", "noise.txt", "a//b.png")
    for key in (*keys, "../other.png"):
        storage.write_bytes(f"s3://vision/choose/{key}", b"")
    chosen = choose(a_labelled_dataset(), tmp_path, images=Location(uri="s3://vision/choose", storage=access))
    assert list_files(chosen) == sorted(["a b.png", "ä/李 #1%20+.png", "a//b.png", "../other.png"])
    assert all(storage.find_size(candidate.uri) == 0 for candidate in chosen.candidates), "each is read as it is listed"


REFUSED = {
    "a folder that is not there": (
        "file:///nowhere/at/all",
        Reason.DATASET_NOT_FOUND,
        "images: there is nothing below",
    ),
    "a bucket that is not there": ("s3://no-such-bucket/a", Reason.DATASET_NOT_FOUND, "images: s3://no-such-bucket/a/"),
    "an address of the web": ("https://web.test/a", Reason.STORAGE_UNAVAILABLE, "an https:// address cannot be listed"),
}


@pytest.mark.parametrize(("uri", "reason", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_a_folder_that_cannot_be_listed_is_named(
    uri: str, reason: Reason, said: str, access: StorageAccess, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("darkroom_trainer.prediction.prelabelling.candidates.PATIENCE_SECONDS", 0.0)
    with pytest.raises(RunError) as caught:
        choose(a_labelled_dataset(), tmp_path, images=Location(uri=uri, storage=access))
    assert caught.value.reason is reason
    assert said in caught.value.message


def test_labels_that_cannot_be_used_are_refused_as_a_training_refuses_them(tmp_path: pathlib.Path) -> None:
    (tmp_path / "labelled.json").write_text('{"images": []}')
    dataset = a_labelled_dataset((tmp_path / "labelled.json").as_uri())
    with pytest.raises(RunError, match=r"labelled\.json: is not a COCO file: annotations is missing") as caught:
        choose(dataset, tmp_path, images=Location(uri=tmp_path.as_uri(), storage=dataset.storage))
    assert caught.value.reason is Reason.DATASET_CORRUPT
