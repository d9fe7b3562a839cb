"""Which images show the same: copies in one dataset, and evaluation images that are trained on."""

import pathlib

import numpy as np
import numpy.typing as npt
import pytest

from darkroom_trainer.data.inspection import duplicates
from darkroom_trainer.data.inspection.advice import compare_datasets
from darkroom_trainer.data.records.looks import Look
from tests.unit.data.advice_support import SCENE, a_set, noted, redraw, report, scenes
from tests.unit.data.coco_builders import a_scene, a_source, write_dataset
from tests.unit.data.run_support import inspect, load

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
    from darkroom_trainer.samples.sets import SampleKind, build_sample

    for file in build_sample(SampleKind.DIGITS, 10, 0):
        (tmp_path / file.path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file.path).write_bytes(file.data)
    uri = next(tmp_path.rglob("train.json")).as_uri()
    outcome = inspect(a_source(uri, kind="imageClassification"))
    assert outcome.message == "100 images, 100 annotations, 10 tags"


def test_images_shared_with_evaluation_data_are_told(tmp_path: pathlib.Path) -> None:
    train = load(a_source(write_dataset(tmp_path / "train", a_set(), scenes())), tmp_path / "work-train")
    others = {name: a_scene(100 + row) for row, name in enumerate(scenes())}
    poor = redraw(a_scene(2), lambda picture: picture, "JPEG", quality=40)
    others |= {"images/7.png": a_scene(5), "images/9.png": poor}
    evaluation = load(a_source(write_dataset(tmp_path / "eval", a_set(), others)), tmp_path / "work-eval")
    advice = compare_datasets(train, evaluation)
    assert [(entry.issue, entry.images, entry.message.split(" image")[0]) for entry in advice] == [
        ("sharedWithEvaluation", (5, 7), "is the same picture as"),
        ("clashingLabels", (2, 9), "looks the same as"),
    ]
    assert "of dataset fruit, which is trained on, but is tagged 'pear', not 'apple'; decide" in advice[1].message


def looks_of_one_hash(count: int, seed: int) -> list[Look]:
    sketches = np.random.default_rng(seed).integers(0, 256, (count, 256), dtype=np.uint8)
    return [Look(f"{seed}-{n}".encode(), 7, row.tobytes(), 1, 1, 1, 1, 50) for n, row in enumerate(sketches)]


def test_comparing_many_images_that_look_alike_takes_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    def measure(values: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
        compared.append(len(values))
        return np.absolute(values)

    monkeypatch.setattr(np, "abs", measure)
    assert duplicates.find_pairs(looks_of_one_hash(1000, 0)) == []
    assert duplicates.find_shared(looks_of_one_hash(1000, 1), looks_of_one_hash(500, 2)) == []
    assert max(compared) == 64
