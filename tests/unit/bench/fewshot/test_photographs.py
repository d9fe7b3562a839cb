"""How sets of photographs are found in a folder and read."""

import json
import pathlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench.fewshot import photographs
from bench.fewshot.photographs import POOL, TEST


def write_set(folder: pathlib.Path, boxes: list[list[float] | None]) -> None:
    """Write two parts with a picture of 40 x 20 px for each box, of categories 7 and 3 in turn."""
    folder.mkdir(parents=True)
    for name in (POOL, TEST):
        images, annotations = [], []
        for at, box in enumerate(boxes):
            Image.fromarray(np.full((20, 40, 3), at, dtype=np.uint8)).save(folder / f"{at}.png")
            images.append({"id": at, "width": 40, "height": 20, "file_name": f"{at}.png"})
            entry: dict[str, Any] = {"id": at, "image_id": at, "category_id": (7, 3)[at % 2]}
            annotations.append(entry | ({"bbox": box} if box is not None else {}))
        told = [{"id": number, "name": f"tag {number}"} for number in (7, 3)]
        (folder / name).write_text(json.dumps({"images": images, "annotations": annotations, "categories": told}))


@pytest.mark.parametrize(
    ("boxes", "read"),
    [
        pytest.param([None, None], (), id="no boxes are a set of classes"),
        pytest.param([[0, 0, 1, 1], [0, 0, 40, 20]], (), id="so are boxes around everything, relative or in pixels"),
        pytest.param([[0.25, 0.5, 0.5, 0.25]], ((0.25, 0.5, 0.5, 0.25),), id="a relative box"),
        pytest.param([[10, 10, 20, 5]], ((0.25, 0.5, 0.5, 0.25),), id="a box in pixels"),
    ],
)
def test_boxes_that_are_not_the_whole_image_make_a_set_with_boxes(
    boxes: list[list[float] | None], read: tuple[tuple[float, ...], ...], tmp_path: pathlib.Path
) -> None:
    write_set(tmp_path / "things", boxes)
    found = photographs.find_sets(tmp_path)["things"]
    assert (found.boxed, found.labels) == (bool(read), ("tag 7", "tag 3"))
    first = next(iter(found.load(False)))
    assert (first.boxes, first.labels, first.pixels.shape) == (read, (0,), (20, 40, 3))


def test_a_set_has_as_many_shots_as_its_rarest_tag_has_images(tmp_path: pathlib.Path) -> None:
    write_set(tmp_path / "things", [None] * 5)
    found = photographs.find_sets(tmp_path)["things"]
    assert (found.pool_images, found.test_images, found.most_shots) == (5, 5, 2)


def test_a_folder_without_sets_and_a_set_with_other_categories_are_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(SystemExit, match="has no set"):
        photographs.find_sets(tmp_path)
    write_set(tmp_path / "things", [None, None])
    coco = json.loads((tmp_path / "things" / TEST).read_text())
    (tmp_path / "things" / TEST).write_text(json.dumps(coco | {"categories": coco["categories"][::-1]}))
    with pytest.raises(SystemExit, match="other categories"):
        photographs.find_sets(tmp_path)
