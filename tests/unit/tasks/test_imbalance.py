"""Very many tags with very few images: every task has a path from annotations to a loss, answers and scores."""

import numpy as np
import pytest
import torch

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import AnnotationKind, Task
from darkroom_predict.predictions import build_truth
from darkroom_trainer.data.annotations import check_annotation_kind, find_usable_rows
from darkroom_trainer.data.records.dataset import Example, LoadedDataset
from darkroom_trainer.data.splitting import split_rows
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.tasks.registry import TASKS, build_task, check_trainable
from tests.unit.tasks.tagged import a_boxed_example, a_tagged_example

BOXED = (Task.DETECTOR, Task.PRODUCT_RECOGNIZER)


def an_example(task: Task, labels: tuple[int, ...]) -> Example:
    """Return an example of a task: one tag, some tags, or boxes."""
    if task in BOXED:
        return a_boxed_example(*labels)
    return a_tagged_example(*labels[:1]) if task is Task.CLASSIFIER else a_tagged_example(*labels)


def an_output(task: Task, images: int, labels: int) -> torch.Tensor:
    """Return raw outputs (of 16 cells) that mostly say no."""
    if task is Task.PRODUCT_RECOGNIZER:
        return torch.cat([torch.full((images, 16, 2), -4.0), torch.zeros(images, 16, 6)], dim=2)
    if task is Task.DETECTOR:
        return torch.cat([torch.full((images, 16, labels), -7.0), torch.zeros(images, 16, 4)], dim=2)
    return torch.full((images, labels), -4.0)


@pytest.mark.parametrize("kind", Task)
@pytest.mark.parametrize(
    ("labels", "images_each"),
    [
        pytest.param(3, [2, 2, 2], id="two images of each tag"),
        pytest.param(3, [40, 2, 1], id="one image of a tag"),
        pytest.param(2_000, [1] * 2_000, id="2,000 tags with an image each"),
    ],
)
def test_every_task_has_a_path_from_annotations_to_scores(kind: Task, labels: int, images_each: list[int]) -> None:
    task = build_task(kind, tuple(f"tag{at}" for at in range(labels)))
    order = [label for label, count in enumerate(images_each) for _ in range(count)]
    examples = [an_example(kind, (label, (label + 1) % labels)) for label in order]
    train, held_out = split_rows(examples, np.arange(len(examples)), 3, by_label=True)
    assert {label for row in train for label in examples[row].labels} == set(range(labels))
    targets = task.build_targets(examples, np.arange(len(examples)))
    batch = {name: values[:6] for name, values in targets.items()}
    outputs = an_output(kind, 6, labels).requires_grad_()
    loss = task.compute_loss(outputs, batch)
    loss.backward()  # type: ignore[no-untyped-call]
    assert torch.isfinite(loss)
    assert outputs.grad is not None
    assert torch.isfinite(outputs.grad).all()
    rows = range(6) if not len(held_out) else held_out[:6]
    truths = [build_truth(examples[row].labels, examples[row].boxes) for row in rows]
    predictions = task.decode(an_output(kind, len(truths), labels))
    performance = task.measure(predictions, truths)
    assert performance.score is not None
    assert 0 <= performance.score <= 1
    assert 0 <= task.choose_threshold(predictions, truths) < 1
    assert task.compare_with_baseline(predictions, truths).count >= 0


def test_many_images_of_2_000_tags_are_split_quickly() -> None:
    random = np.random.default_rng(0)
    tags = random.integers(0, 2_000, size=(20_000, 3))
    examples = [a_tagged_example(*set(row.tolist())) for row in tags]
    train, held_out = split_rows(examples, np.arange(len(examples)), 3, by_label=True)
    assert len(held_out) == pytest.approx(0.2 * len(examples), rel=0.15)
    assert len(train) + len(held_out) == len(examples)


def test_all_tasks_can_be_trained() -> None:
    assert set(TASKS) == set(Task)
    for kind in Task:
        check_trainable(kind)


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
    examples = (an_example(kind, ()), an_example(kind, (0,)))
    dataset = LoadedDataset("fruit", AnnotationKind.CLASSIFICATION, ("apple",), examples, "sha256:0")
    assert find_usable_rows(dataset, kind).tolist() == usable


@pytest.mark.parametrize("kind", [Task.CLASSIFIER, Task.MULTILABEL_CLASSIFIER])
def test_tags_on_no_image_at_all_teach_nothing(kind: Task) -> None:
    dataset = LoadedDataset("fruit", AnnotationKind.CLASSIFICATION, ("apple",), (an_example(kind, ()),), "sha256:0")
    with pytest.raises(RunError, match="dataset fruit: no image has an annotation"):
        find_usable_rows(dataset, kind)
