"""What an inspection advises: looks, tiny boxes, rare tags, and what of it a status tells."""

import pathlib
import sys

import pytest
from PIL import Image, ImageFilter

from tests.support.coco_builders import a_scene, a_source, an_annotation, write_dataset
from tests.support.run_support import inspect
from tests.unit.trainer.data.inspection.advice_support import SCENE, a_set, noted, redraw, report, scenes

LOOKS = {
    "a good picture": (SCENE, []),
    "a dark picture": (redraw(SCENE, lambda picture: picture.point(lambda level: level // 5)), [("dark", [3])]),
    "a picture that is nearly white": (
        redraw(SCENE, lambda picture: picture.point(lambda level: 245 + level // 26)), [("light", [3])]
    ),
    "a blank picture with a box in it": (
        redraw(SCENE, lambda picture: Image.new("RGB", picture.size, "grey")), [("blurry", [3])]
    ),
    "a blurry picture": (
        redraw(a_scene(3, 400, 200), lambda picture: picture.filter(ImageFilter.GaussianBlur(40))), [("blurry", [3])]
    ),
    "a ribbon": (a_scene(3, 200, 40), [("oddAspect", [3])]),
    "a picture far larger than the others": (a_scene(3, 1000, 500), [("oddSize", [3])]),
}  # fmt: skip


@pytest.mark.parametrize(("picture", "expected"), LOOKS.values(), ids=LOOKS.keys())
def test_the_look_of_an_image_is_told_with_its_id(
    picture: bytes, expected: list[tuple[str, list[int]]], tmp_path: pathlib.Path
) -> None:
    found = report(tmp_path, a_set(), scenes(_3=picture))
    assert [entry for entry in noted(found) if entry[0] != "oddSize" or expected == [("oddSize", [3])]] == expected


@pytest.mark.parametrize(("fields", "issue"), [(None, "blank"), ({}, "blurry"), ({"iscrowd": 1}, "blurry")])
def test_only_a_picture_without_a_box_is_called_blank(
    fields: dict[str, int] | None, issue: str, tmp_path: pathlib.Path
) -> None:
    coco = a_set()
    if fields is None:
        coco["annotations"].pop(2)
    else:
        coco["annotations"][2].update(fields)
    found = report(tmp_path, coco, scenes(_3=redraw(SCENE, lambda picture: Image.new("RGB", picture.size, "grey"))))
    assert (issue, [3]) in noted(found)
    assert ("blank" in [entry[0] for entry in noted(found)]) == (issue == "blank")


def test_what_most_images_have_is_told_once(tmp_path: pathlib.Path) -> None:
    dark = {f"_{n}": redraw(a_scene(n), lambda picture: picture.point(lambda level: level // 5)) for n in range(1, 12)}
    found = report(tmp_path, a_set(), scenes(**dark))
    assert noted(found) == [("dark", list(range(1, 12)))]
    assert found["advice"][0]["message"].startswith("11 of 12, the worst of which is very dark")


def test_tiny_boxes_and_rare_tags_are_told(tmp_path: pathlib.Path) -> None:
    coco = a_set(categories=[{"id": 1, "name": "apple"}, {"id": 2, "name": "pear"}, {"id": 3, "name": "plum"}])
    coco["annotations"] += [
        an_annotation(50, image_id=4, bbox=[0.5, 0.5, 0.01, 0.01]),
        *(an_annotation(60 + n, image_id=n, category_id=3) for n in (1, 2, 3)),
    ]
    found = report(tmp_path, coco, scenes())
    assert noted(found) == [("rareTag", []), ("tinyBox", [4])]
    assert "category 'plum'" in found["advice"][0]["subject"]
    assert "has 3 images; 5 or more are advised" in found["advice"][0]["message"]


def test_the_status_tells_the_worst_advice_of_every_kind_first(tmp_path: pathlib.Path) -> None:
    coco = a_set(categories=[{"id": 1, "name": "apple"}, {"id": 2, "name": "pear"}, {"id": 3, "name": "plum"}])
    dark = {f"_{n}": redraw(a_scene(n), lambda picture: picture.point(lambda level: level // 5)) for n in (1, 2)}
    copies = {f"_{n}": SCENE for n in range(5, 13, 2)}
    outcome = inspect(a_source(write_dataset(tmp_path, coco, scenes(_4=SCENE, **dark, **copies))))
    assert outcome.summary is not None
    assert (outcome.summary.problem_count, outcome.summary.advice_count) == (0, 8)
    told = [f"{entry.subject} {entry.message}" for entry in outcome.summary.advice]
    assert len(told) == 8
    assert told[0].startswith("train.json image 4 (images/4.png) is the same picture as train.json image 3")
    assert told[1].startswith("category 'plum' has no image")
    assert "is very dark" in told[3]
    assert outcome.message.endswith(told[0][: len(outcome.message) - outcome.message.index("the first: ") - 11])
    assert "; 8 pieces of advice (4 exactDuplicate, 2 dark, " in outcome.message


def test_a_status_tells_ten_pieces_of_advice_and_counts_them_all(tmp_path: pathlib.Path) -> None:
    copies = {f"_{n}": SCENE for n in range(1, 13) if n != 3}
    outcome = inspect(a_source(write_dataset(tmp_path, a_set(), scenes(**copies))))
    assert outcome.summary is not None
    assert (len(outcome.summary.advice), outcome.summary.advice_count) == (10, 11)


def test_sizes_are_summed_up_in_the_report(tmp_path: pathlib.Path) -> None:
    found = report(tmp_path, a_set(), scenes(_3=a_scene(3, 120, 50)))
    assert found["sizes"]["width"] == {
        "least": 100.0, "quarter": 100.0, "middle": 100.0, "threeQuarters": 100.0, "most": 120.0
    }  # fmt: skip
    assert found["sizes"]["aspect"]["most"] == 2.4


def test_an_inspection_needs_no_torch() -> None:
    import subprocess

    code = "import sys, darkroom_trainer.commands.inspection; sys.exit('torch' in sys.modules)"
    environment = {"PYTHONPATH": ":".join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


def test_images_that_wait_for_a_review_are_counted_and_left_out(tmp_path: pathlib.Path) -> None:
    coco = a_set()
    coco["images"][2]["review"] = "pending"
    coco["images"][4]["review"] = "rejected"
    found = report(tmp_path, coco, scenes())
    assert ("unreviewed", [3, 5]) in noted(found)
    (message,) = [entry["message"] for entry in found["advice"] if entry["issue"] == "unreviewed"]
    assert message.startswith("2 are left out, whose labels a model proposed and nobody accepted: 1 wait for a review")
