"""A further dataset is asked whether it can suit before anything of it is fetched."""

import pathlib

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.data.suitability import load_matching
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.runtime.reporting import SilentReporter
from tests.support.coco_builders import a_source, write_dataset


def match(uri: str, labels: tuple[str, ...], work: pathlib.Path, task: Task = Task.DETECTOR) -> LoadedDataset:
    return load_matching(
        a_source(uri), task, labels, work, SilentReporter(), reason=Reason.NOT_ALLOWED, subject="evaluationDataset"
    )


def test_its_tags_are_numbered_as_the_model_numbers_them(tmp_path: pathlib.Path) -> None:
    found = match(write_dataset(tmp_path), ("plum", "pear", "apple"), tmp_path / "work")
    assert found.labels == ("plum", "pear", "apple")
    assert [example.labels for example in found.examples] == [(2,), (1,)]


def test_tags_that_the_model_has_never_learned_are_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(RunError, match="tags 'pear' are not among the 1 tags that the model learned") as ended:
        match(write_dataset(tmp_path), ("apple",), tmp_path / "work")
    assert ended.value.reason is Reason.DATASET_CORRUPT


def test_annotations_of_another_kind_are_refused_before_anything_is_read(tmp_path: pathlib.Path) -> None:
    nowhere = (tmp_path / "nowhere.json").as_uri()
    with pytest.raises(RunError, match=r"^evaluationDataset: a classifier needs annotationKind") as ended:
        match(nowhere, ("apple",), tmp_path / "work", Task.CLASSIFIER)
    assert ended.value.reason is Reason.NOT_ALLOWED
