"""Labels matched by name, data of another kind, and images without annotations."""

import dataclasses

import pytest

from darkroom_api import conditions
from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_trainer.data import annotations
from darkroom_trainer.data.annotations import check_annotation_kind, check_distinct_tags, find_usable_rows
from darkroom_trainer.data.records.dataset import Example, LoadedDataset
from darkroom_trainer.runtime import errors
from darkroom_trainer.runtime.errors import RunError
from tests.support.learning import an_example
from tests.support.tagged import a_boxed_example, a_tagged_example


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


BOXED = (Task.DETECTOR, Task.PRODUCT_RECOGNIZER)


def an_example_of(task: Task, labels: tuple[int, ...]) -> Example:
    """Return an example of a task: one tag, some tags, or boxes."""
    if task in BOXED:
        return a_boxed_example(*labels)
    return a_tagged_example(*labels[:1]) if task is Task.CLASSIFIER else a_tagged_example(*labels)


@pytest.mark.parametrize("kind", Task)
@pytest.mark.parametrize("annotation", AnnotationKind)
def test_a_dataset_of_another_kind_than_the_tasks_is_refused(kind: Task, annotation: AnnotationKind) -> None:
    fitting = {
        Task.CLASSIFIER: AnnotationKind.CLASSIFICATION,
        Task.MULTILABEL_CLASSIFIER: AnnotationKind.MULTILABEL,
        Task.DETECTOR: AnnotationKind.DETECTION,
        Task.PRODUCT_RECOGNIZER: AnnotationKind.DETECTION,
    }
    if fitting[kind] is annotation:
        check_annotation_kind("fruit", annotation, kind, Reason.INCORRECT_MODEL_KIND, "model")
        return
    with pytest.raises(RunError, match=rf"a {kind} needs annotationKind {fitting[kind]}, dataset fruit") as raised:
        check_annotation_kind("fruit", annotation, kind, Reason.INCORRECT_MODEL_KIND, "model")
    assert raised.value.reason is Reason.INCORRECT_MODEL_KIND


@pytest.mark.parametrize(
    ("kind", "usable"),
    [
        (Task.CLASSIFIER, [1]),
        (Task.MULTILABEL_CLASSIFIER, [0, 1]),
        (Task.DETECTOR, [0, 1]),
        (Task.PRODUCT_RECOGNIZER, [0, 1]),
    ],
)
def test_images_without_annotations_are_used_where_they_say_what_is_not_there(kind: Task, usable: list[int]) -> None:
    examples = (an_example_of(kind, ()), an_example_of(kind, (0,)))
    dataset = LoadedDataset("fruit", AnnotationKind.CLASSIFICATION, ("apple",), examples, "sha256:0")
    assert find_usable_rows(dataset, kind).tolist() == usable


@pytest.mark.parametrize("kind", [Task.CLASSIFIER, Task.MULTILABEL_CLASSIFIER])
def test_tags_on_no_image_at_all_teach_nothing(kind: Task) -> None:
    dataset = LoadedDataset("fruit", AnnotationKind.CLASSIFICATION, ("apple",), (an_example_of(kind, ()),), "sha256:0")
    with pytest.raises(RunError, match="dataset fruit: no image has an annotation"):
        find_usable_rows(dataset, kind)


def test_a_classifier_of_a_single_tag_is_refused_before_it_is_trained() -> None:
    dataset = dataclasses.replace(a_dataset("cat", "dog"), examples=(a_tagged_example(1), a_tagged_example(1)))
    with pytest.raises(
        RunError, match="dataset june: a classifier needs two tags that have images, and only 'dog' has"
    ):
        check_distinct_tags(dataset, Task.CLASSIFIER)


@pytest.mark.parametrize(
    ("task", "examples"),
    [
        (Task.CLASSIFIER, (a_tagged_example(0), a_tagged_example(1))),
        (Task.MULTILABEL_CLASSIFIER, (a_tagged_example(0), a_tagged_example())),
        (Task.DETECTOR, (a_boxed_example(0), a_boxed_example(0))),
    ],
    ids=["two tags", "a tag that an image has or has not", "boxes of one tag"],
)
def test_other_data_of_few_tags_is_enough(task: Task, examples: tuple[Example, ...]) -> None:
    check_distinct_tags(dataclasses.replace(a_dataset("cat", "dog"), examples=examples), task)
