"""Drawn shelves: boxes where the packages are, fewer pictures for few shots."""

import json

import numpy as np
import pytest

from darkroom_predict.gaps import is_gap
from darkroom_trainer.samples import shapes, shelf_pictures
from darkroom_trainer.samples.sets import SampleKind, build_sample, describe_next_step


def test_packages_and_gaps_stand_inside_the_picture_and_apart() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        shelf = shelf_pictures.draw_shelf(random)
        cover = np.zeros((shelf_pictures.SHELF_PX, shelf_pictures.SHELF_PX), dtype=int)
        for placed in shelf.placed:
            left, top, width, height = placed.box
            assert min(left, top) >= 0
            assert max(left + width, top + height) <= shelf_pictures.SHELF_PX
            cover[top : top + height, left : left + width] += 1
        assert cover.max() == 1


def test_a_pack_shot_looks_like_the_product_on_the_shelf() -> None:
    for product in shelf_pictures.PRODUCTS:
        pack = shelf_pictures.draw_pack(product, 60, np.random.default_rng(1)).astype(float)
        body = np.array(product.body, dtype=float)
        near = np.abs(pack[35:55, 5:55] / pack.max() - body / body.max()).mean(axis=2) < 0.25
        assert near.any(), product.name


@pytest.mark.parametrize(
    ("kind", "annotation", "tags"),
    [
        pytest.param(SampleKind.SHAPES, "imageMultilabelClassification", shapes.TAGS, id="shapes"),
        pytest.param(SampleKind.SHELVES, "imageObjectDetection", shelf_pictures.TAGS, id="shelves"),
    ],
)
def test_few_shots_stop_when_every_tag_was_seen_so_often(
    kind: SampleKind, annotation: str, tags: tuple[str, ...]
) -> None:
    files = {file.path: file.data for file in build_sample(kind, 2, 0)}
    train, evaluation = (json.loads(files[name]) for name in ("train.json", "eval.json"))
    counts = np.bincount([entry["category_id"] for entry in train["annotations"]], minlength=len(tags) + 1)[1:]
    assert counts.min() == 2
    assert len(train["images"]) < len(evaluation["images"])
    assert [category["name"] for category in train["categories"]] == list(tags)
    assert all(("bbox" in entry) is (kind is SampleKind.SHELVES) for entry in train["annotations"])
    assert annotation in describe_next_step(kind, "data", None)


def test_the_shelves_have_gaps_that_the_recognizer_knows() -> None:
    assert [tag for tag in shelf_pictures.TAGS if is_gap(tag)] == ["gap"]
