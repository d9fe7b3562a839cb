"""The first images of a Dataset with their labels, in the form of pre-labels."""

import json
import pathlib

from darkroom_trainer.report.inspection_samples import build_samples, list_previews
from tests.support.coco_builders import a_coco, a_scene, an_annotation, an_image
from tests.support.examinations import examine

PICTURES = {f"images/{number}.png": a_scene(number, 100, 50) for number in (1, 2, 3)}


def test_samples_are_the_images_that_have_a_preview(tmp_path: pathlib.Path) -> None:
    coco = a_coco(
        images=[an_image(number) for number in (1, 2, 3)],
        annotations=[
            an_annotation(1, bbox=[10, 10, 20, 20]),
            an_annotation(2, bbox=[50, 25, 25, 25], category_id=2),
            an_annotation(3, bbox=[10, 10, 20, 20], image_id=3),
        ],
    )
    names = list_previews()
    samples = json.loads(build_samples(examine(tmp_path, coco, PICTURES), [names[0], names[2]]))
    assert [(image["file_name"], image["preview"]) for image in samples["images"]] == [
        ("images/1.png", "previews/000001.jpg"), ("images/3.png", "previews/000003.jpg"),
    ]  # fmt: skip
    assert samples["images"][0]["absolute_url"] == (tmp_path / "images" / "1.png").as_uri()
    assert (samples["images"][0]["width"], samples["images"][0]["height"]) == (100, 50)
    boxes = [(one["image_id"], one["category_id"], one["bbox"]) for one in samples["annotations"]]
    assert boxes == [(1, 1, [0.1, 0.2, 0.2, 0.4]), (1, 2, [0.5, 0.5, 0.25, 0.5]), (2, 1, [0.1, 0.2, 0.2, 0.4])]


def test_tags_of_whole_images_have_no_box(tmp_path: pathlib.Path) -> None:
    found = examine(tmp_path, a_coco(), kind="imageClassification")
    samples = json.loads(build_samples(found, list_previews()))
    assert [(one["image_id"], one["category_id"], one.get("bbox")) for one in samples["annotations"]] == [
        (1, 1, None), (2, 2, None),
    ]  # fmt: skip


def test_an_image_that_cannot_be_read_is_no_sample(tmp_path: pathlib.Path) -> None:
    found = examine(tmp_path, a_coco(), {"images/1.png": b"text"})
    assert [image["file_name"] for image in json.loads(build_samples(found, list_previews()))["images"]] == [
        "images/2.png"
    ]


def test_previews_are_numbered_from_1() -> None:
    assert (list_previews()[0], len(list_previews())) == ("previews/000001.jpg", 200)
