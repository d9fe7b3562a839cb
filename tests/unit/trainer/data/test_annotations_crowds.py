"""Boxes around many things (COCO's `iscrowd`): measured with, never trained on, for and against nobody."""

import pathlib
from typing import Any

import numpy as np
import pytest

from darkroom_predict.predictions import Prediction
from darkroom_trainer.data.annotations import align_labels, build_truths
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.metrics.box_scores.boxes import tabulate_predictions, tabulate_truths
from darkroom_trainer.metrics.box_scores.matching import match_boxes
from tests.support.coco_builders import a_coco, a_source, an_annotation, read_catalog, shown, write_dataset
from tests.support.run_support import load

CROWD = [0.5, 0.5, 0.5, 0.5]
INSIDE = [0.6, 0.6, 0.1, 0.1]


def load_with_crowd(folder: pathlib.Path) -> LoadedDataset:
    annotations = [
        an_annotation(1, bbox=CROWD, iscrowd=1, category_id=2),
        an_annotation(2),
        an_annotation(3, image_id=2, category_id=2),
    ]
    return load(a_source(write_dataset(folder, a_coco(annotations=annotations))), folder / "work")


def test_a_crowd_is_no_box_to_train_on(tmp_path: pathlib.Path) -> None:
    first, second = load_with_crowd(tmp_path).examples
    assert first.labels == (0,)
    np.testing.assert_allclose(first.boxes, [[0.1, 0.2, 0.3, 0.4]], atol=1e-6)
    assert first.crowd is not None
    assert first.crowd.labels == (1,)
    np.testing.assert_allclose(first.crowd.boxes, [CROWD])
    assert second.crowd is None


def test_what_is_found_in_a_crowd_counts_for_and_against_nobody(tmp_path: pathlib.Path) -> None:
    aligned = align_labels(load_with_crowd(tmp_path), ("pear", "apple"))
    truths = build_truths(aligned, np.array([0, 1]))
    assert truths[0].labels.tolist() == [1, 0]
    assert truths[0].crowd is not None
    assert truths[0].crowd.tolist() == [False, True]
    assert truths[1].crowd is None
    found = Prediction(np.array([0, 1]), np.array([0.9, 0.8], np.float32), np.array([INSIDE, INSIDE], np.float32))
    nothing = Prediction(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros((0, 4), np.float32))
    matches = match_boxes(tabulate_predictions([found, nothing]), tabulate_truths(truths), 0.5)
    assert (matches.ignored.tolist(), matches.right.tolist()) == ([True, False], [False, False])


def test_a_tag_of_crowds_alone_counts_as_one_without_images() -> None:
    annotations = [an_annotation(1), an_annotation(2, image_id=2, category_id=2, iscrowd=1)]
    catalog, findings = read_catalog(a_coco(annotations=annotations))
    assert shown(findings) == []
    assert [(tag.name, tag.images, tag.annotations) for tag in catalog.categories] == [("apple", 1, 1), ("pear", 0, 0)]
    assert catalog.annotations == 1


@pytest.mark.parametrize(
    ("value", "marks"),
    [(1, True), (True, True), (1.0, True), ("1", True), (0, False), ("yes", False), ([1], False), (None, False)],
)
def test_only_one_marks_a_crowd(value: Any, marks: bool) -> None:
    catalog, findings = read_catalog(a_coco(annotations=[an_annotation(1, iscrowd=value), an_annotation(2)]))
    assert shown(findings) == []
    assert (catalog.images[0].crowd is not None) is marks


def test_a_label_of_a_whole_image_is_no_crowd() -> None:
    annotations = [an_annotation(n, image_id=n, category_id=n, iscrowd=1) for n in (1, 2)]
    catalog, _ = read_catalog(a_coco(annotations=annotations), kind="imageClassification")
    assert [(image.labels, image.crowd) for image in catalog.images] == [((0,), None), ((1,), None)]
