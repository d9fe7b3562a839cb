"""Which picture a file of labels is about."""

import time

import pytest

from darkroom_trainer.data.formats.picture_names import PictureNames

NAMES = PictureNames(["train/a.jpg", "val/a.jpg", "val/b.png", "c.d.jpg"])


@pytest.mark.parametrize(
    ("given", "label", "found"),
    [
        ("a.jpg", "val/a.xml", "val/a.jpg"),
        ("a.jpg", "x/a.xml", "train/a.jpg"),
        ("b", "1.xml", "val/b.png"),
        ("b.jpg", "1.xml", "val/b.png"),
        ("", "x/c.d.xml", "c.d.jpg"),
        ("gone.jpg", "b.xml", "val/b.png"),
        ("gone.jpg", "gone.xml", None),
    ],
)
def test_a_picture_is_found_by_the_given_name_and_then_by_the_labels_own(
    given: str, label: str, found: str | None
) -> None:
    assert NAMES.find(given, label) == found


def test_pictures_of_one_name_in_many_folders_are_told_apart_in_bounded_time() -> None:
    names = PictureNames([f"all/scene{number}/a.jpg" for number in range(5_000)])
    began = time.process_time()
    found = [names.find("a.jpg", f"all/scene{number}/a.xml") for number in range(5_000)]
    assert found == [f"all/scene{number}/a.jpg" for number in range(5_000)]
    assert time.process_time() - began < 5  # it took 30 s
