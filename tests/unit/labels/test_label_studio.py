import json

import numpy as np
import pytest

from darkroom_api.v1alpha1.common import Task
from darkroom_labels.coco_labels import LabelledImage
from darkroom_labels.errors import LabelsUnusable
from darkroom_labels.label_studio import (
    ControlKind,
    LabelControl,
    build_control,
    build_prediction,
    build_task,
    read_labelling,
)
from darkroom_predict.predictions import Prediction
from tests.support.labelling import build_labelling

TAGS = ("apple", "pear")
BOXES = Prediction(
    np.array([1, 0]), np.array([0.9, 0.4], dtype=np.float32), np.array([[0.1, 0.2, 0.5, 0.25], [0, 0, 1, 1]])
)
WHOLE = Prediction(np.array([1, 0]), np.array([0.75, 0.5], dtype=np.float32), np.zeros((0, 4), dtype=np.float32))
TWO_IMAGES = """
<View>
  <Text name="text" value="$caption"/>
  <RectangleLabels name="other" toName="text"><Label value="no"/></RectangleLabels>
  <Image name="photo" value="$picture"/>
  <View><RectangleLabels name="boxes" toName="photo"><Label value="Äpfel &amp; Birnen"/><Label value="x" alias="pear"/>
  </RectangleLabels></View>
  <Choices name="later" toName="photo"><Choice value="c"/></Choices>
</View>"""


def test_the_first_control_of_an_image_counts_with_its_names_and_tags() -> None:
    control = read_labelling(TWO_IMAGES)
    assert control == LabelControl(ControlKind.BOXES, ("Äpfel & Birnen", "pear"), "boxes", "photo", "picture")


@pytest.mark.parametrize("encoding", ["nonsense", "utf-7", "utf-16", "latin-1"])
def test_the_encoding_that_a_configuration_declares_is_not_looked_at(encoding: str) -> None:
    assert read_labelling(f'<?xml version="1.0" encoding="{encoding}"?>{TWO_IMAGES}').tags[0] == "Äpfel & Birnen"


@pytest.mark.parametrize("task", list(Task))
def test_what_is_written_for_a_task_is_read_back_and_fits_it(task: Task) -> None:
    control = build_control(task, ("a<b", 'say "x"', "ä"))
    assert read_labelling(build_labelling(control)) == control
    assert [other for other in Task if control.fits(other)] == [o for o in Task if o.has_boxes is task.has_boxes]


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        ("", "not XML"),
        ("<View>", "not XML"),
        ("\ud800", "not XML"),
        ("<View/>", "no RectangleLabels and no Choices"),
        ('<View><Image name="i" value="$i"/><Choices name="c" toName="j"/></View>', "no RectangleLabels"),
        ('<!DOCTYPE x [<!ENTITY a "aaaa">]><View>&a;</View>', "document type"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><View/>', "document type"),
        (" " * 1_100_000, "longer than"),
        (f'<View><Image name="i" value="$i"/><Choices name="{"c" * 501}" toName="i"/></View>', "name is longer than"),
        (f'<View><Image name="{"i" * 501}"/><Choices name="c" toName="{"i" * 501}"/></View>', "name is longer than"),
    ],
    ids=[
        "empty", "open", "half a character", "nothing", "another name", "entities", "an outer file", "too long",
        "a long name", "a long name of an image",
    ],
)  # fmt: skip
def test_a_configuration_that_asks_for_nothing_of_an_image_is_refused(xml: str, said: str) -> None:
    with pytest.raises(LabelsUnusable, match=said):
        read_labelling(xml)


def test_boxes_become_rectangles_in_percent_with_scores_and_the_model() -> None:
    found = build_prediction(build_control(Task.DETECTOR, TAGS), BOXES, TAGS, (640, 480), "sha256:12")
    ids = [item.pop("id") for item in found["result"]]
    assert len(set(ids)) == 2
    assert found["model_version"] == "sha256:12"
    assert found["score"] == pytest.approx(0.4, abs=1e-6)
    assert found["result"][0] == {
        "from_name": "label",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": 640,
        "original_height": 480,
        "image_rotation": 0,
        "value": {"x": 10.0, "y": 20.0, "width": 50.0, "height": 25.0, "rotation": 0, "rectanglelabels": ["pear"]},
        "score": 0.9,
    }
    json.dumps(found)


@pytest.mark.parametrize(
    ("tags", "threshold", "kept"),
    [
        (TAGS, 0.0, ["pear", "apple"]),
        (TAGS, 0.5, ["pear"]),
        (("apple",), 0.0, ["apple"]),
        (TAGS, 0.95, []),
    ],
    ids=["all", "from the threshold up", "tags of the configuration only", "nothing is sure enough"],
)
def test_guesses_are_kept_by_threshold_and_tag(tags: tuple[str, ...], threshold: float, kept: list[str]) -> None:
    found = build_prediction(build_control(Task.DETECTOR, tags), BOXES, TAGS, (8, 8), "v", threshold)
    assert [item["value"]["rectanglelabels"] for item in found["result"]] == [[tag] for tag in kept]


@pytest.mark.parametrize(
    ("task", "threshold", "choices"),
    [
        (Task.CLASSIFIER, 0.0, ["pear"]),
        (Task.MULTILABEL_CLASSIFIER, 0.0, ["pear", "apple"]),
        (Task.MULTILABEL_CLASSIFIER, 0.6, ["pear"]),
    ],
)
def test_tags_of_a_whole_image_become_one_answer(task: Task, threshold: float, choices: list[str]) -> None:
    found = build_prediction(build_control(task, TAGS), WHOLE, TAGS, (8, 8), "v", threshold)
    (item,) = found["result"]
    assert item["type"] == "choices"
    assert item["value"] == {"choices": choices}


def test_the_same_prediction_has_the_same_ids() -> None:
    control = build_control(Task.DETECTOR, TAGS)
    first, again = (build_prediction(control, BOXES, TAGS, (64, 48), "v") for _ in range(2))
    assert first == again


def test_a_task_carries_the_image_by_its_own_ids_and_where_it_is_shown() -> None:
    image = LabelledImage(640, 480, file_name="01.png", absolute_url="s3://vision/01.png")
    found = build_task(image, 7, {"apple": 3}, {"result": [], "score": 0.0, "model_version": "v"}, shown_at="/01.png")
    assert found == {
        "data": {
            "image": "/01.png",
            "darkroom_image_id": 7,
            "darkroom_image": {
                "file_name": "01.png",
                "absolute_url": "s3://vision/01.png",
                "width": 640,
                "height": 480,
            },
            "darkroom_category_ids": {"apple": 3},
        },
        "predictions": [{"result": [], "score": 0.0, "model_version": "v"}],
    }
    assert build_task(image, 7, {})["data"]["image"] == "s3://vision/01.png"
    assert build_task(image, 7, {})["predictions"] == []
