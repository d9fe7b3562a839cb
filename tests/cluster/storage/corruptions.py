"""Ways to spoil a dataset of digits, one per rule that an inspection checks. Pure but for the one truncated image."""

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

Coco = dict[str, Any]

DETECTION: Final = "imageObjectDetection"
TRUNCATED: Final = "truncated.png"


@dataclass(frozen=True)
class Corruption:
    """One thing that is wrong, and what the message must name beside the annotation file."""

    id: str
    spoil: Callable[[Coco], None]
    names: tuple[str, ...]
    kind: str = "imageClassification"

    def apply(self, coco: Coco) -> Coco:
        """Return a spoiled copy."""
        spoiled = copy.deepcopy(coco)
        self.spoil(spoiled)
        return spoiled


def shuffle_labels(coco: Coco) -> Coco:
    """Return the file with every label moved to an image at random: nothing is left to learn."""
    shuffled = copy.deepcopy(coco)
    categories = [annotation["category_id"] for annotation in shuffled["annotations"]]
    random.Random(0).shuffle(categories)
    for annotation, category in zip(shuffled["annotations"], categories, strict=True):
        annotation["category_id"] = category
    return shuffled


def as_detection(coco: Coco) -> Coco:
    """Return the file with a box around each label, for a dataset of the other kind."""
    boxed = copy.deepcopy(coco)
    for annotation in boxed["annotations"]:
        annotation["bbox"] = [0.1, 0.1, 0.8, 0.8]
    return boxed


def _miss_image(coco: Coco) -> None:
    _rename(coco["images"][2], "images/no-such-image.png")


def _truncate_image(coco: Coco) -> None:
    _rename(coco["images"][3], TRUNCATED)


def _rename(image: Coco, name: str) -> None:
    for field in ("absolute_url", "coco_url"):
        image.pop(field, None)
    image["file_name"] = name


def _use_unknown_category(coco: Coco) -> None:
    coco["annotations"][4]["category_id"] = 987


def _put_box_outside(coco: Coco) -> None:
    coco["annotations"][:] = as_detection(coco)["annotations"]
    coco["annotations"][5]["bbox"] = [0.7, 0.7, 0.9, 0.9]


def _repeat_annotation_id(coco: Coco) -> None:
    coco["annotations"][6]["id"] = coco["annotations"][7]["id"]


def _repeat_image_id(coco: Coco) -> None:
    coco["images"].append({**coco["images"][0], "file_name": coco["images"][1]["file_name"]})


def _label_twice(coco: Coco) -> None:
    first, other = coco["annotations"][0], coco["annotations"][-1]
    assert first["category_id"] != other["category_id"]
    coco["annotations"].append({**first, "id": 100_000, "category_id": other["category_id"]})


def list_corruptions(coco: Coco) -> list[Corruption]:
    """Return every corruption of a file, with the ids that its messages must name."""
    images, annotations = coco["images"], coco["annotations"]
    return [
        Corruption("missing-image", _miss_image, (f"image {images[2]['id']}", "no-such-image.png")),
        Corruption("truncated-image", _truncate_image, (f"image {images[3]['id']}", TRUNCATED)),
        Corruption("unknown-category", _use_unknown_category, (f"annotation {annotations[4]['id']}", "987")),
        Corruption("box-outside", _put_box_outside, (f"annotation {annotations[5]['id']}",), DETECTION),
        Corruption("duplicate-annotation-id", _repeat_annotation_id, (f"annotation {annotations[7]['id']}",)),
        Corruption("duplicate-image-id", _repeat_image_id, (f"image {images[0]['id']}",)),
        Corruption("two-labels", _label_twice, (f"image {annotations[0]['image_id']}",)),
    ]


IDS: Final = (
    *("missing-image", "truncated-image", "unknown-category", "box-outside"),
    *("duplicate-annotation-id", "duplicate-image-id", "two-labels"),
)
