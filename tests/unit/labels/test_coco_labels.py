import json
from dataclasses import replace

import numpy as np

from darkroom_labels.coco_labels import Label, LabelFile, LabelledImage, Review, build_document, iterate_document

PENDING = LabelledImage(
    width=640,
    height=480.0,
    file_name="images/01.png",
    absolute_url="s3://vision/images/01.png",
    labels=(Label("pear", (0.1, 0.2, 0.30000001, 0.4), score=0.87654321),),
    review=Review.PENDING,
    uncertainty=0.25,
    preview="previews/000001.jpg",
)
BY_HAND = LabelledImage(64, 64, file_name="02.png", review=Review.PENDING, uncertainty=1.0, label_by_hand=True)


def test_a_file_of_proposals_is_a_coco_file_with_relative_boxes_and_ids_from_1() -> None:
    document = json.loads(build_document(LabelFile(("apple", "pear"), (PENDING, BY_HAND))))
    assert document == {
        "images": [
            {
                "id": 1,
                "width": 640,
                "height": 480,
                "file_name": "images/01.png",
                "absolute_url": "s3://vision/images/01.png",
                "review": "pending",
                "uncertainty": 0.25,
                "preview": "previews/000001.jpg",
            },
            {
                "id": 2,
                "width": 64,
                "height": 64,
                "file_name": "02.png",
                "review": "pending",
                "uncertainty": 1.0,
                "label_by_hand": True,
            },
        ],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 2, "bbox": [0.1, 0.2, 0.3, 0.4], "score": 0.8765432}],
        "categories": [{"id": 1, "name": "apple"}, {"id": 2, "name": "pear"}],
    }


def test_the_file_is_laid_out_with_an_indent_of_one() -> None:
    for file in (LabelFile(("apple", "Zwetschge · 李"), (replace(PENDING, labels=()), BY_HAND)), LabelFile((), ())):
        text = build_document(file)
        assert text == (json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n").encode()


def test_a_file_is_made_in_parts_of_one_entry() -> None:
    parts = list(iterate_document(("apple", "pear"), (PENDING, PENDING, PENDING)))
    assert "".join(parts).encode() == build_document(LabelFile(("apple", "pear"), (PENDING,) * 3))
    assert sum("file_name" in part for part in parts) == 3


def test_numbers_of_numpy_give_the_same_bytes_as_those_of_python() -> None:
    box, score = np.array([0.5, 0.25, 0.125, 0.5], dtype=np.float32), float(np.float32(0.5))
    image = LabelledImage(10, 10, file_name="a", labels=(Label("t", tuple(box), score),), uncertainty=score)
    plain = LabelledImage(10, 10, file_name="a", labels=(Label("t", (0.5, 0.25, 0.125, 0.5), 0.5),), uncertainty=0.5)
    assert build_document(LabelFile(("t",), (image,))) == build_document(LabelFile(("t",), (plain,)))


def test_a_tag_of_a_whole_image_has_no_box_and_a_crowd_keeps_its_mark() -> None:
    labels = (Label("t"), Label("t", (0.0, 0.0, 1.0, 1.0), crowd=True))
    document = json.loads(build_document(LabelFile(("t",), (LabelledImage(1, 1, file_name="a", labels=labels),))))
    assert document["annotations"] == [
        {"id": 1, "image_id": 1, "category_id": 1},
        {"id": 2, "image_id": 1, "category_id": 1, "bbox": [0.0, 0.0, 1.0, 1.0], "iscrowd": 1},
    ]


def test_half_of_a_character_in_a_name_stays_what_it_was() -> None:
    data = build_document(LabelFile((), (LabelledImage(file_name="a\udcff.png"),)))
    assert json.loads(data)["images"][0]["file_name"] == "a\udcff.png"
