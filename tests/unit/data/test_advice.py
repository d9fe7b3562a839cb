"""What an inspection advises: looks, duplicates, clashing labels, tiny boxes, images shared with evaluation data."""

import io
import json
import pathlib
import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from darkroom_api.conditions import Reason
from darkroom_trainer.data.advice import compare_datasets
from tests.unit.data.coco_builders import Coco, a_coco, a_scene, a_source, an_annotation, an_image, write_dataset
from tests.unit.data.run_support import inspect, load

NUM_IMAGES = 12


def a_set(**fields: Any) -> Coco:
    """Return twelve images of two tags with one box each."""
    numbers = range(1, NUM_IMAGES + 1)
    annotations = [an_annotation(n, image_id=n, category_id=n % 2 + 1) for n in numbers]
    return a_coco(images=[an_image(n) for n in numbers], annotations=annotations, **fields)


def scenes(**pictures: bytes) -> dict[str, bytes]:
    """Return twelve sharp and different pictures, some replaced: `_3=...` is image 3."""
    made = {f"images/{n}.png": a_scene(n) for n in range(1, NUM_IMAGES + 1)}
    return {**made, **{f"images/{name.removeprefix('_')}.png": data for name, data in pictures.items()}}


def redraw(data: bytes, change: Any, form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    change(Image.open(io.BytesIO(data)).convert("RGB")).save(buffer, form, **options)
    return buffer.getvalue()


def report(folder: pathlib.Path, coco: Coco, pictures: dict[str, bytes], **fields: Any) -> dict[str, Any]:
    outcome = inspect(a_source(write_dataset(folder, coco, pictures), **fields), folder / "out")
    assert outcome.reason is Reason.SUCCEEDED
    read: dict[str, Any] = json.loads((folder / "out/inspection.json").read_text())
    return read


def noted(found: dict[str, Any]) -> list[tuple[str, list[int]]]:
    return [(entry["issue"], entry["images"]) for entry in found["advice"]]


SCENE = a_scene(3)
LOOKS = {
    "a good picture": (SCENE, []),
    "a dark picture": (redraw(SCENE, lambda picture: picture.point(lambda level: level // 5)), [("dark", [3])]),
    "a picture that is nearly white": (
        redraw(SCENE, lambda picture: picture.point(lambda level: 245 + level // 26)), [("light", [3])]
    ),
    "a blank picture": (redraw(SCENE, lambda picture: Image.new("RGB", picture.size, "grey")), [("blank", [3])]),
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


COPIES = {
    "byte for byte, same tag": (3, SCENE, 5, "exactDuplicate"),
    "byte for byte, another tag": (3, SCENE, 6, "clashingLabels"),
    "saved again as a poor JPEG": (3, redraw(SCENE, lambda picture: picture, "JPEG", quality=40), 5, "nearDuplicate"),
    "at another size": (3, a_scene(3, 120, 60), 5, "nearDuplicate"),
    "as a poor JPEG with another tag": (
        3, redraw(SCENE, lambda picture: picture, "JPEG", quality=40), 6, "clashingLabels"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("first", "data", "copy", "issue"), COPIES.values(), ids=COPIES.keys())
def test_a_copy_is_told_with_both_ids(first: int, data: bytes, copy: int, issue: str, tmp_path: pathlib.Path) -> None:
    found = report(tmp_path, a_set(), scenes(**{f"_{copy}": data}))
    assert noted(found) == [(issue, [first, copy])]
    assert found["adviceCounts"] == {issue: 1}


def test_different_digits_on_a_plain_ground_are_no_duplicates(tmp_path: pathlib.Path) -> None:
    from darkroom_trainer.samples.dataset import SampleKind, build_sample

    for file in build_sample(SampleKind.DIGITS, 10, 0):
        (tmp_path / file.path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file.path).write_bytes(file.data)
    uri = next(tmp_path.rglob("train.json")).as_uri()
    outcome = inspect(a_source(uri, kind="imageClassification"))
    assert outcome.message == "100 images, 100 annotations, 10 tags"


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


def test_images_shared_with_evaluation_data_are_told(tmp_path: pathlib.Path) -> None:
    train = load(a_source(write_dataset(tmp_path / "train", a_set(), scenes())), tmp_path / "work-train")
    others = {name: a_scene(100 + row) for row, name in enumerate(scenes())}
    poor = redraw(a_scene(2), lambda picture: picture, "JPEG", quality=40)
    others |= {"images/7.png": a_scene(5), "images/9.png": poor}
    evaluation = load(a_source(write_dataset(tmp_path / "eval", a_set(), others)), tmp_path / "work-eval")
    advice = compare_datasets(train, evaluation)
    assert [(entry.images, entry.message.split(" image")[0]) for entry in advice] == [
        ((5, 7), "is the same picture as"),
        ((2, 9), "looks the same as"),
    ]


def test_comparing_many_images_that_look_alike_takes_bounded_time() -> None:
    from darkroom_trainer.data.duplicates import find_pairs
    from darkroom_trainer.data.looks import Look

    sketches = np.random.default_rng(0).integers(0, 256, (3000, 256), dtype=np.uint8)
    looks = [Look(bytes([n % 256, n // 256]), 7, row.tobytes(), 1, 1, 1, 1, 50) for n, row in enumerate(sketches)]
    assert find_pairs(looks) == []


def test_an_inspection_needs_no_torch() -> None:
    import subprocess

    code = "import sys, darkroom_trainer.inspection; sys.exit('torch' in sys.modules)"
    environment = {"PYTHONPATH": ":".join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
