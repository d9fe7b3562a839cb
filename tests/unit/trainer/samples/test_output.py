"""Where samples are written, and what they never overwrite."""

import json
import pathlib
from itertools import islice

import pytest

from darkroom_storage.objects import Storage
from darkroom_trainer.samples.output import NotASample, write_sample
from darkroom_trainer.samples.sets import SampleFile, SampleKind, build_sample
from tests.support.coco_builders import a_coco


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
