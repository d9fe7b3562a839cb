"""COCO files of copied images."""

import json

from darkroom_migrate.coco import LabelledImage, build_document
from darkroom_migrate.journal import CopiedImage
from darkroom_migrate.labels import Labels, Use

BOX = (0.1, 0.2, 0.3, 0.4)


def an_image(number: str, labels: Labels, *, copied: bool = True) -> LabelledImage:
    entry = CopiedImage(id=number, file_name=f"images/{number}.png", width=10, height=20) if copied else None
    return LabelledImage(number, entry, labels)


IMAGES = [
    an_image("a", Labels(Use.UNLABELLED)),
    an_image("b", Labels(Use.TRAINING, (2, 1), (BOX, BOX))),
    an_image("c", Labels(Use.TRAINING, (1,), (BOX,)), copied=False),
    an_image("d", Labels(Use.LEFT_OUT)),
    an_image("e", Labels(Use.TRAINING)),
]


def test_a_file_holds_the_copied_images_of_its_use_numbered_from_one() -> None:
    assert json.loads(build_document(IMAGES, Use.TRAINING, ("apple", "pear"))) == {
        "images": [
            {"id": 1, "width": 10, "height": 20, "file_name": "images/b.png"},
            {"id": 2, "width": 10, "height": 20, "file_name": "images/e.png"},
        ],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 2, "bbox": list(BOX)},
            {"id": 2, "image_id": 1, "category_id": 1, "bbox": list(BOX)},
        ],
        "categories": [{"id": 1, "name": "apple"}, {"id": 2, "name": "pear"}],
    }


def test_tags_of_whole_images_have_no_box() -> None:
    text = build_document([an_image("a", Labels(Use.TRAINING, (1, 2)))], Use.TRAINING, ("apple", "pear"))
    assert json.loads(text)["annotations"] == [
        {"id": 1, "image_id": 1, "category_id": 1},
        {"id": 2, "image_id": 1, "category_id": 2},
    ]


def test_images_without_labels_have_a_file_of_their_own() -> None:
    document = json.loads(build_document(IMAGES, Use.UNLABELLED, ("apple",)))
    assert [entry["file_name"] for entry in document["images"]] == ["images/a.png"]
    assert document["annotations"] == []
