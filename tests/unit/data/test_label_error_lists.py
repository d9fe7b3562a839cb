"""What a report says of tags that are probably wrong."""

import pathlib

import numpy as np
import pytest

from darkroom_predict.predictions import Prediction
from darkroom_trainer.data.inspection.label_errors import LabelError, describe_label_errors, list_label_errors
from tests.unit.data.coco_builders import a_coco, a_source, an_annotation, an_image, write_dataset
from tests.unit.data.run_support import load


def predict(*scores: float) -> Prediction:
    order = np.argsort(-np.array(scores))
    return Prediction(order, np.array(scores, np.float32)[order], np.zeros((0, 4), np.float32))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("imageClassification", [("images/10.png", "pear", "apple")]),
        (
            "imageMultilabelClassification",
            [("images/10.png", "not apple", "apple"), ("images/10.png", "pear", "not pear")],
        ),
        ("imageObjectDetection", []),
    ],
)
def test_predictions_of_images_that_were_held_out_are_enough(
    kind: str, told: list[tuple[str, str, str]], tmp_path: pathlib.Path
) -> None:
    coco = a_coco(
        images=[an_image(n) for n in range(1, 12)],
        annotations=[an_annotation(n, image_id=n, category_id=2 if n > 9 else 1) for n in range(1, 12)],
    )
    dataset = load(a_source(write_dataset(tmp_path, coco), kind=kind), tmp_path / "work")
    predictions = [*[predict(0.97, 0.03)] * 8, predict(0.98, 0.02), predict(0.2, 0.8)]
    errors = list_label_errors(dataset, np.arange(1, 11), predictions)
    assert sorted((entry["file"], entry["given"], entry["suggested"]) for entry in errors) == told


def test_suspects_are_named_by_image_and_tag(tmp_path: pathlib.Path) -> None:
    dataset = load(a_source(write_dataset(tmp_path)), tmp_path / "work")
    errors = [LabelError(0, 1, 0, 0.98765, 0.9), LabelError(0, None, 0, 0.7, 0.4), LabelError(0, 1, None, 0.7, 0.4)]
    described = describe_label_errors(dataset, np.array([1]), errors)
    assert described[0] == {
        "subject": "dataset fruit image 2 (images/2.png)",
        "imageId": 2,
        "file": "images/2.png",
        "given": "pear",
        "suggested": "apple",
        "confidence": 0.9877,
    }
    pairs = [(entry["given"], entry["suggested"]) for entry in described[1:]]
    assert pairs == [("not apple", "apple"), ("pear", "not pear")]
