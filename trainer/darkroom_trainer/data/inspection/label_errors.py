"""Which tags are probably wrong, by the probabilities of models that had not seen the images.

Owns the judgement: confident learning (Northcutt, Jiang and Chuang, JAIR 2021), whose bar for a tag is how sure the
models are of it where it is given. Pure numpy. Must not do: train, or decide what becomes of one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_predict.predictions import Prediction
from darkroom_trainer.data.records.dataset import LoadedDataset

Probabilities = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MAX_LABEL_ERRORS: Final = 100
LEAST_CONFIDENCE: Final = 0.5
"""A model that is not surer of a tag than of all else together is no witness against the given one."""
BAR_SHARE: Final = 0.9
"""Of the mean confidence, what a suggestion needs. Measured on digits of which 5 % were tagged wrong, with a logistic
regression: at 1.0 a precision of 0.98 and a recall of 0.72, at 0.9 of 0.95 and 0.80, at 0.7 of 0.80 and 0.90."""
_CHUNK_ROWS: Final = 4096
"""Rows that are compared at once: it bounds the memory of 100,000 images with 2,000 tags."""


@dataclass(frozen=True)
class LabelError:
    """Row `row` is tagged `given` and looks like `suggested`, of which the models are `confidence` (0 to 1) sure.

    For an image with any number of tags one of both is None: a tag that is missing, or one that is too much.
    `margin` is by how much more they believe the suggestion than what is given.
    """

    row: int
    given: int | None
    suggested: int | None
    confidence: float
    margin: float


def find_label_errors(
    probabilities: Probabilities, labels: Integers | Flags, max_count: int = MAX_LABEL_ERRORS
) -> list[LabelError]:
    """Return at most `max_count` probable label errors, the surest first.

    `probabilities` (N, C) are out-of-fold; a row that holds NaN was not predicted and is passed over. `labels` is (N,)
    where each image has one tag, and (N, C) of booleans where it may have any number.
    """
    if probabilities.ndim != 2 or labels.shape not in (probabilities.shape[:1], probabilities.shape):
        raise ValueError(f"labels {labels.shape} do not go with probabilities {probabilities.shape}")
    known = np.flatnonzero(np.isfinite(probabilities.sum(axis=1)))
    if labels.ndim == 1:
        errors = _find_wrong_label(probabilities, labels.astype(np.int64), known)
    else:
        errors = _find_wrong_tags(probabilities, labels.astype(np.bool_), known)
    return sorted(errors, key=lambda error: (-error.margin, error.row))[:max_count]


def _find_wrong_label(probabilities: Probabilities, labels: Integers, known: Integers) -> Iterator[LabelError]:
    given = labels[known]
    own = probabilities[known, given].astype(np.float64)
    bars = _average(own, given, probabilities.shape[1])
    for begin in range(0, len(known), _CHUNK_ROWS):
        part = slice(begin, begin + _CHUNK_ROWS)
        chunk = probabilities[known[part]]
        best = chunk.argmax(axis=1)
        surest = chunk[np.arange(len(chunk)), best].astype(np.float64)
        wrong = (best != given[part]) & (surest >= np.maximum(BAR_SHARE * bars[best], LEAST_CONFIDENCE))
        for at in np.flatnonzero(wrong).tolist():
            row, confidence = begin + at, float(surest[at])
            yield LabelError(int(known[row]), int(given[row]), int(best[at]), confidence, confidence - float(own[row]))


def _average(values: npt.NDArray[np.float64], groups: Integers, count: int) -> npt.NDArray[np.float64]:
    """Return the mean of `values` in each of `count` groups, infinite where a group is empty."""
    sizes = np.bincount(groups, minlength=count)
    sums = np.bincount(groups, weights=values, minlength=count)
    return np.where(sizes > 0, sums / np.maximum(sizes, 1), np.inf)


def _find_wrong_tags(probabilities: Probabilities, labels: Flags, known: Integers) -> Iterator[LabelError]:
    for tag in range(probabilities.shape[1]):
        chance, given = probabilities[known, tag].astype(np.float64), labels[known, tag]
        for is_given in (True, False):
            belief = 1 - chance if is_given else chance
            others = belief[given != is_given]
            bar = max(BAR_SHARE * others.mean(), LEAST_CONFIDENCE) if len(others) else np.inf
            for at in np.flatnonzero((given == is_given) & (belief >= bar)).tolist():
                confidence = float(belief[at])
                wrong, missing = (tag, None) if is_given else (None, tag)
                yield LabelError(int(known[at]), wrong, missing, confidence, 2 * confidence - 1)


def list_label_errors(
    dataset: LoadedDataset, rows: Integers, predictions: Sequence[Prediction]
) -> list[dict[str, Any]]:
    """Return the entries of a report for `predictions` of the images `rows`, made by models that had not seen them.

    For images with tags; each prediction scores every tag. Nothing is said of boxes.
    """
    if dataset.annotation_kind is AnnotationKind.DETECTION or not len(rows):
        return []
    probabilities = np.zeros((len(rows), len(dataset.labels)), dtype=np.float32)
    given = np.zeros(probabilities.shape, dtype=np.bool_)
    for at, (row, prediction) in enumerate(zip(rows.tolist(), predictions, strict=True)):
        probabilities[at, prediction.labels] = prediction.scores
        given[at, list(dataset.examples[row].labels)] = True
    is_single = dataset.annotation_kind is AnnotationKind.CLASSIFICATION
    errors = find_label_errors(probabilities, given.argmax(axis=1).astype(np.int64) if is_single else given)
    return describe_label_errors(dataset, rows, errors)


def describe_label_errors(dataset: LoadedDataset, rows: Integers, errors: Sequence[LabelError]) -> list[dict[str, Any]]:
    """Return the entries of a report; `rows` are the images of `dataset` that the probabilities are of."""
    return [_describe(dataset, int(rows[error.row]), error) for error in errors]


def _describe(dataset: LoadedDataset, row: int, error: LabelError) -> dict[str, Any]:
    example = dataset.examples[row]
    given, suggested = (None if at is None else dataset.labels[at] for at in (error.given, error.suggested))
    return {
        "subject": f"dataset {dataset.name} image {example.image_id} ({example.file})",
        "imageId": example.image_id,
        "file": example.file,
        "given": given if given is not None else f"not {suggested}",
        "suggested": suggested if suggested is not None else f"not {given}",
        "confidence": round(error.confidence, 4),
    }
