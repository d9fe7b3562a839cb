"""Images in a folder for each class: what is read, and which folders are told to be something else."""

import pathlib
import unicodedata
from typing import Any

import pytest

from darkroom_trainer.data.sources.label_source import LabelSource
from darkroom_trainer.runtime.errors import RunError
from tests.support.coco_builders import shown
from tests.unit.trainer.label_folders import a_label_source, read_labels, told, write_files


def read(folder: pathlib.Path, *names: str) -> Any:
    """Return what a folder `d` of these files says."""
    write_files(folder, dict.fromkeys((f"d/{name}" for name in names), b"not read here"))
    return read_labels(a_label_source("Folders", folder, "d/"))


def test_each_folder_is_a_tag_and_what_systems_leave_is_passed_over(tmp_path: pathlib.Path) -> None:
    names = ("pear/b.jpg", "apple/a.JPG", "apple/.DS_Store", "pear/Thumbs.db", "__MACOSX/apple/._a.jpg", ".git/x/y.jpg")
    catalog, findings, _ = read(tmp_path, *names, "darkroom/datasets/d-0123abcd/previews/1.jpg")
    assert (catalog.tags, shown(findings)) == (("apple", "pear"), [])
    assert [(image.file, image.labels) for image in catalog.images] == [("apple/a.JPG", (0,)), ("pear/b.jpg", (1,))]
    assert [image.image_id for image in catalog.images] == ["apple/a.JPG", "pear/b.jpg"]


def test_what_is_left_out_is_told(tmp_path: pathlib.Path) -> None:
    _, findings, _ = read(tmp_path, "a/1.jpg", "b/2.jpg", "a/notes.txt", "loose.png")
    assert any("files that are no images by their names are left out (1): 'a/notes.txt'" in x for x in told(findings))
    assert any("images that are in no folder of a class are left out (1)" in line for line in told(findings))


def test_names_in_two_unicode_forms_are_one_tag(tmp_path: pathlib.Path) -> None:
    composed = unicodedata.normalize("NFC", "Käse")
    catalog, findings, _ = read(
        tmp_path, f"{composed}/1.jpg", f"{unicodedata.normalize('NFD', composed)}/2.jpg", "b/1.jpg"
    )
    assert (catalog.tags, len(catalog.images)) == ((composed, "b")[::-1] if composed > "b" else (composed, "b"), 3)
    assert any("is the name of several folders that differ by Unicode form only" in line for line in told(findings))


REFUSED: dict[str, tuple[list[str], str]] = {
    "splits in place of classes": (
        ["train/a/1.jpg", "val/a/2.jpg"],
        "d: holds train and val, which are parts of a dataset",
    ),
    "splits without classes": (["train/1.jpg", "test/2.jpg"], "d: holds test and train, which are parts of a dataset"),
    "folders within folders": (
        ["a/x/1.jpg", "b/2.jpg"],
        "d folder a/x: is a folder within a folder, so its 1 images may be of class 'a'",
    ),
    "a YOLO dataset": (
        ["data.yaml", "images/1.jpg", "labels/1.txt"],
        "It holds 'data.yaml': name the file, and set format: YOLO",
    ),
    "a VOC dataset": (["Annotations/1.xml", "JPEGImages/1.jpg"], "set format: PascalVOC"),
    "a COCO file": (["train.json", "1.jpg"], "It holds 'train.json': name the file, and set format: COCO"),
    "images alone": (["1.jpg"], "d: holds no folder of images: put the images of each class into a folder"),
    "one class": (["a/1.jpg"], "dataset fruit: a classifier needs two tags that have images, and only 'a' has"),
    "a name that cannot be shown": (["a\u202eb/1.jpg", "c/1.jpg"], "d class 0: name"),
}


@pytest.mark.parametrize(("names", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_folder_of_classes_is_named(tmp_path: pathlib.Path, names: list[str], says: str) -> None:
    _, findings, _ = read(tmp_path, *names)
    assert any(says in line for line in shown(findings)), shown(findings)


def test_a_folder_that_is_not_there_ends_the_run(tmp_path: pathlib.Path) -> None:
    with pytest.raises(RunError, match="annotationFiles: there is nothing below"):
        read(tmp_path)


def test_a_listing_ends_where_it_holds_more_than_is_taken(tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(LabelSource, "most_images", property(lambda _self: 2))
    _, findings, _ = read(tmp_path, "a/1.jpg", "a/2.jpg", "b/3.jpg", "b/4.jpg")
    assert "holds more than 2 images, which is the most that is taken; divide it" in shown(findings)[0]
