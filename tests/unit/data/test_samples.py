"""The samples: same seed same files, no digit in both parts, boxes where the ink is."""

import json
import pathlib
from itertools import islice

import numpy as np
import pytest

from darkroom_predict.images import measure_picture
from darkroom_trainer.samples.digits import Part, load_part
from darkroom_trainer.samples.output import NotASample, write_sample
from darkroom_trainer.samples.scenes import SCENE_PX, draw_scene
from darkroom_trainer.samples.sets import SampleFile, SampleKind, build_sample
from darkroom_trainer.storage.objects import Storage
from tests.unit.data.coco_builders import Coco, a_coco


def documents(files: list[SampleFile]) -> dict[str, Coco]:
    return {file.path: json.loads(file.data) for file in files if file.path.endswith(".json")}


def test_no_digit_is_in_both_parts_and_every_digit_in_each() -> None:
    train, evaluation = load_part(Part.TRAIN), load_part(Part.EVALUATION)
    assert len(train.values) == 1440
    assert len(evaluation.values) == 357
    assert set(train.values) == set(evaluation.values) == set(range(10))
    seen = {image.tobytes() for image in train.ink}
    assert not any(image.tobytes() in seen for image in evaluation.ink)


@pytest.mark.parametrize("kind", SampleKind)
def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(kind: SampleKind) -> None:
    first, again, other = (list(islice(build_sample(kind, 2, seed), 12)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_digits_of_n_shots_hold_n_images_of_each_class() -> None:
    files = list(build_sample(SampleKind.DIGITS, 3, 0))
    coco = documents(files)["train.json"]
    counts = np.bincount([annotation["category_id"] for annotation in coco["annotations"]])
    assert list(counts[1:]) == [3] * 10
    assert len(documents(files)["eval.json"]["images"]) == 357
    assert [image["file_name"] for image in coco["images"]][:1] == ["images/train-0001.png"]


def test_too_many_shots_are_refused() -> None:
    with pytest.raises(ValueError, match="the rarest digit has only"):
        list(build_sample(SampleKind.DIGITS, 500, 0))


def test_every_file_that_the_annotations_name_is_there_and_of_its_size() -> None:
    files = list(build_sample(SampleKind.SCENES, 2, 0))
    paths = {file.path: file.data for file in files}
    for coco in documents(files).values():
        for image in coco["images"]:
            size = measure_picture(paths[image["file_name"]])
            assert (size.width, size.height) == (image["width"], image["height"])


def test_scenes_hold_two_to_five_digits_that_stand_out_and_apart() -> None:
    random, digits = np.random.default_rng(0), load_part(Part.EVALUATION)
    for _ in range(30):
        scene = draw_scene(digits, random)
        assert 2 <= len(scene.placed) <= 5
        for placed in scene.placed:
            left, top, width, height = placed.box
            assert 0 <= left < left + width <= SCENE_PX
            assert 0 <= top < top + height <= SCENE_PX
            inside = scene.pixels[top : top + height, left : left + width].astype(int).mean(axis=2)
            assert inside.max() - inside.min() > 40


def test_a_sample_is_written_over_but_nobodys_own_data_is(tmp_path: pathlib.Path) -> None:
    for _ in range(2):
        count = write_sample(build_sample(SampleKind.DIGITS, 1, 0), str(tmp_path), None)
    assert count == len(list(tmp_path.rglob("*.*")))
    (tmp_path / "train.json").write_text(json.dumps(a_coco()))
    with pytest.raises(NotASample, match=r"train\.json exists and is not a sample"):
        write_sample(build_sample(SampleKind.DIGITS, 1, 0), str(tmp_path), None)


def test_samples_go_to_a_bucket(storage: Storage) -> None:
    files = [*islice(build_sample(SampleKind.SCENES, 1, 0), 5), SampleFile("train.json", b"{}")]
    assert write_sample(files, "s3://vision/samples/", storage.access.endpoint) == 6
    assert storage.list_uris("s3://vision/samples/") == sorted(f"s3://vision/samples/{file.path}" for file in files)


def test_a_folder_target_may_be_relative(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_sample([SampleFile("train.json", b"{}")], "data/set", None)
    assert (tmp_path / "data" / "set" / "train.json").exists()
