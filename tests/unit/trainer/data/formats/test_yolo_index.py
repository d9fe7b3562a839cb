"""Where the images of a data.yaml are below its folder, and where their labels are."""

import pytest

from darkroom_trainer.data.formats.yolo_index import (
    YoloIndex,
    describe_classes,
    find_label_name,
    find_label_uri,
    list_places,
    make_relative,
    read_list,
)
from tests.support.memory import measure_peak_bytes


@pytest.mark.parametrize(
    ("path", "entry", "places"),
    [
        pytest.param("", "images", ["images"], id="beside data.yaml"),
        pytest.param("coco", "./images/", ["coco/images", "images"], id="below path first"),
        pytest.param("../datasets/coco", "images", ["datasets/coco/images", "images"], id="path of another folder"),
        pytest.param("/h/coco", "images", ["images"], id="path of another machine"),
        pytest.param("/h/coco", "/h/coco/images", ["images"], id="a full address below path"),
        pytest.param("C:/coco", "C:\\coco\\images", ["images"], id="the same of Windows"),
        pytest.param("", "../train/images", ["train/images"], id="Roboflow"),
        pytest.param("", ".", ["."], id="the folder itself"),
        pytest.param("", "a/../../b", [], id="a way out"),
        pytest.param("", "/etc", [], id="a full address"),
        pytest.param("/h", "/etc", [], id="a full address elsewhere"),
        pytest.param("", "https://host/images", [], id="a URL"),
    ],
)
def test_an_entry_is_looked_for_below_the_folder_only(path: str, entry: str, places: list[str]) -> None:
    assert list_places(YoloIndex({0: "a"}, path, {}), entry) == places


@pytest.mark.parametrize(
    ("image", "labels"),
    [
        ("images/train/a.jpg", "labels/train/a.txt"),
        ("train/images/a.b.jpg", "train/labels/a.b.txt"),
        ("images/images/a.jpg", "images/labels/a.txt"),
        ("images.jpg", "images.txt"),
        ("obj/a", "obj/a.txt"),
    ],
)
def test_labels_are_beside_images_or_in_the_folder_of_labels(image: str, labels: str) -> None:
    assert find_label_name(image) == labels


@pytest.mark.parametrize(
    ("uri", "root", "labels"),
    [
        ("s3://images/d/images/a.jpg", "s3://images/d", "s3://images/d/labels/a.txt"),
        ("s3://b/images/d/a.jpg", "s3://b/images/d", "s3://b/images/d/a.txt"),
        ("volume:images/a.jpg", "volume:", "volume:labels/a.txt"),
        ("s3://other/images/a.jpg", "s3://b/d", "s3://other/labels/a.txt"),
        ("https://h/d/images/a.jpg?sig=x", "https://h/d?sig=x", "https://h/d/labels/a.txt?sig=x"),
    ],
)
def test_the_address_of_labels_follows_that_of_the_image(uri: str, root: str, labels: str) -> None:
    assert find_label_uri(uri, root) == labels


def test_a_list_names_each_image_once() -> None:
    assert read_list(b"\xef\xbb\xbf./a.jpg\r\nx\\b.jpg\n\n./a.jpg\n", "lists/t.txt", 9) == ["lists/a.jpg", "x/b.jpg"]
    assert make_relative("/h/d/a.jpg", YoloIndex({}, "/h/d", {})) == "a.jpg"


def test_a_list_is_read_up_to_the_first_name_too_many() -> None:
    text = b"".join(b"%d.jpg\n" % number for number in range(400_000))
    assert read_list(text, "t.txt", 2) == ["0.jpg", "1.jpg", "2.jpg"]
    peak_bytes = measure_peak_bytes(lambda: read_list(text, "t.txt", 2))
    assert peak_bytes < 2 * len(text)  # all names take ten times the text


@pytest.mark.parametrize(("numbers", "text"), [([0, 1, 2], "0 to 2"), ([0, 3], "0, 3")])
def test_classes_are_shown_as_a_row_where_they_are_one(numbers: list[int], text: str) -> None:
    assert describe_classes(numbers) == text
