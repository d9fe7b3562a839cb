"""Labels of a dataset matched by name with those of a model."""

import dataclasses

import pytest

from darkroom_api import conditions
from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_trainer.data import annotations
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.runtime import errors
from tests.support.learning import an_example


def a_dataset(*labels: str) -> LoadedDataset:
    examples = tuple(an_example(at, boxed=False) for at in range(len(labels)))
    return LoadedDataset("june", AnnotationKind.CLASSIFICATION, labels, examples, "sha256:0")


def test_labels_are_matched_by_name() -> None:
    aligned = annotations.align_labels(a_dataset("dog", "cat"), ("ant", "cat", "dog"))
    assert [example.labels for example in aligned.examples] == [(2,), (1,)]
    assert aligned.labels == ("ant", "cat", "dog")


def test_tags_that_were_never_learned_are_named() -> None:
    with pytest.raises(errors.RunError, match="dataset june: tags 'cow', 'yak' are not among") as refused:
        annotations.align_labels(a_dataset("yak", "cat", "cow"), ("cat", "dog"))
    assert refused.value.reason is conditions.Reason.DATASET_CORRUPT


def test_an_unused_unknown_tag_does_no_harm() -> None:
    known = a_dataset("cat")
    annotations.align_labels(dataclasses.replace(known, labels=("cat", "cow")), ("cat", "dog"))


def test_a_model_on_data_of_another_kind_is_refused() -> None:
    with pytest.raises(errors.RunError, match="detector needs annotationKind imageObjectDetection") as refused:
        annotations.check_annotation_kind(
            "june", AnnotationKind.CLASSIFICATION, Task.DETECTOR, conditions.Reason.INCORRECT_MODEL_KIND, "model"
        )
    assert refused.value.reason is conditions.Reason.INCORRECT_MODEL_KIND
