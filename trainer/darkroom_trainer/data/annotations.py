"""A dataset as a model sees it: usable images, labels matched by name, truths.

Owns what must fit between a dataset and a task. Must not import torch: a dataset that does not fit is refused early.
"""

import dataclasses
import statistics

import numpy as np

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import TASK_ANNOTATIONS, Task
from darkroom_predict.predictions import Integers, Truth, build_truth
from darkroom_trainer.data.records.dataset import Example, LoadedDataset
from darkroom_trainer.runtime.errors import RunError


def find_usable_rows(dataset: LoadedDataset, task: Task) -> Integers:
    """Return the images that can be learned from or measured on: all, but for a classifier only those with a tag.

    An image without boxes or tags teaches what is not there. Raises RunError(DatasetCorrupt) when there is nothing.
    """
    needs_tag = task is Task.CLASSIFIER
    rows = [row for row, example in enumerate(dataset.examples) if example.labels or not needs_tag]
    has_any = any(example.labels for example in dataset.examples)
    if not rows or (task is Task.MULTILABEL_CLASSIFIER and not has_any):
        raise RunError(Reason.DATASET_CORRUPT, f"dataset {dataset.name}: no image has an annotation")
    return np.array(rows, dtype=np.int64)


def check_distinct_tags(dataset: LoadedDataset, task: Task) -> None:
    """Raise RunError(DatasetCorrupt) for data from which a classifier could only learn to give one answer always."""
    tags = {label for example in dataset.examples for label in example.labels}
    if task is Task.CLASSIFIER and len(tags) == 1:
        named = repr(dataset.labels[tags.pop()])
        message = (
            f"dataset {dataset.name}: a classifier needs two tags that have images, and only {named} has; "
            "add images of another one"
        )
        raise RunError(Reason.DATASET_CORRUPT, message)


def check_annotation_kind(dataset_name: str, kind: str, task: Task, reason: Reason, subject: str) -> None:
    """Raise RunError(`reason`) unless a dataset of annotation kind `kind` fits `task`."""
    wanted = TASK_ANNOTATIONS[task]
    if kind != wanted:
        message = f"{subject}: a {task.value} needs annotationKind {wanted.value}, dataset {dataset_name} has {kind}"
        raise RunError(reason, message)


def align_labels(dataset: LoadedDataset, labels: tuple[str, ...]) -> LoadedDataset:
    """Return the dataset with its labels matched by name to a model's `labels`.

    Raises RunError(DatasetCorrupt) naming the tags that the model has never learned.
    """
    used = {label for example in dataset.examples for label in (*example.labels, *_find_crowd(example))}
    unknown = sorted(dataset.labels[label] for label in used if dataset.labels[label] not in labels)
    if unknown:
        shown = ", ".join(repr(name) for name in unknown[:5]) + (f" and {len(unknown) - 5} more" if unknown[5:] else "")
        message = (
            f"dataset {dataset.name}: tags {shown} are not among the {len(labels)} tags that the model learned; "
            "rename them in the annotation file, or train a model with them"
        )
        raise RunError(Reason.DATASET_CORRUPT, message)
    places = {at: labels.index(name) for at, name in enumerate(dataset.labels) if name in labels}
    examples = tuple(_relabel(example, places) for example in dataset.examples)
    return dataclasses.replace(dataset, labels=labels, examples=examples)


def _relabel(example: Example, places: dict[int, int]) -> Example:
    crowd = example.crowd
    if crowd is not None:
        crowd = dataclasses.replace(crowd, labels=tuple(places[label] for label in crowd.labels))
    return dataclasses.replace(example, labels=tuple(places[label] for label in example.labels), crowd=crowd)


def _find_crowd(example: Example) -> tuple[int, ...]:
    return () if example.crowd is None else example.crowd.labels


def build_truths(dataset: LoadedDataset, rows: Integers) -> list[Truth]:
    """Return the annotations of the given rows."""
    return [_build_truth(dataset.examples[row]) for row in rows]


def _build_truth(example: Example) -> Truth:
    if example.crowd is None:
        return build_truth(example.labels, example.boxes)
    labels = (*example.labels, *example.crowd.labels)
    truth = build_truth(labels, np.concatenate([example.boxes, example.crowd.boxes]))
    return dataclasses.replace(truth, crowd=np.arange(len(labels)) >= len(example.labels))


def measure_source_side(dataset: LoadedDataset) -> float:
    """Return the median of the images' longer sides, in pixels."""
    return statistics.median(max(example.width, example.height) for example in dataset.examples)
