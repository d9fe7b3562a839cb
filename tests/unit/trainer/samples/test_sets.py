"""The samples: same seed same files, and as many images of each class as asked for."""

import json
from itertools import islice

import numpy as np
import pytest

from darkroom_predict.images import measure_picture
from darkroom_trainer.samples.sets import SampleFile, SampleKind, build_sample
from tests.support.coco_builders import Coco


def documents(files: list[SampleFile]) -> dict[str, Coco]:
    return {file.path: json.loads(file.data) for file in files if file.path.endswith(".json")}


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


def test_pictures_made_from_photographs_name_their_licence_and_photographers() -> None:
    for name, coco in documents(list(build_sample(SampleKind.PHOTOS, 1, 0))).items():
        (licence,) = coco["licenses"]
        assert "creativecommons.org/licenses/by/2.0" in licence["url"], name
        assert all(word in licence["name"] for word in ("CC BY 2.0", "changed", "danielbuechele", "vultilion"))
