"""The worst mistakes of a model, from its predictions and the truth.

Owns which images teach most, and how many are shown. Pure. Must not read images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from darkroom_api.v1alpha1.common import TASK_ANNOTATIONS, AnnotationKind, Task
from darkroom_predict.predictions import Floats, Integers, Prediction, Truth
from darkroom_trainer.metrics.box_scores.boxes import SIDE, tabulate_predictions, tabulate_truths
from darkroom_trainer.metrics.box_scores.matching import NOTHING, match_boxes
from darkroom_trainer.metrics.tag_scores.classification import DEFAULT_THRESHOLD

MAX_SHOWN: Final = 12
MAX_BOXES: Final = 40
"""Boxes drawn in one picture; more of them hide it."""
OVERLAP: Final = 0.5


@dataclass(frozen=True)
class Mistake:
    """What is wrong with the answer for image `at`: `grade` in [0, 1] is how sure the model was of it.

    `guesses` are (label, score), `boxes` are forms of boxes: see `_describe_boxes`.
    """

    at: int
    grade: float
    what: str
    truth: tuple[int, ...]
    guesses: tuple[tuple[int, float], ...]
    boxes: tuple[dict[str, Any], ...] = ()


def find_mistakes(
    task: Task, predictions: Sequence[Prediction], truths: Sequence[Truth], threshold: float
) -> tuple[int, list[Mistake]]:
    """Return how many images are wrong and the worst of them, worst first."""
    kind = TASK_ANNOTATIONS[task]
    if kind is AnnotationKind.DETECTION:
        return _find_wrong_boxes(predictions, truths, threshold)
    pairs = list(zip(predictions, truths, strict=True))
    if kind is AnnotationKind.MULTILABEL:
        found = [_judge_tags(at, *pair, threshold or DEFAULT_THRESHOLD) for at, pair in enumerate(pairs)]
    else:
        found = [_judge_answer(at, *pair) for at, pair in enumerate(pairs)]
    wrong = sorted((mistake for mistake in found if mistake), key=lambda mistake: -mistake.grade)
    return len(wrong), wrong[:MAX_SHOWN]


def _judge_answer(at: int, prediction: Prediction, truth: Truth) -> Mistake | None:
    answer, guess = int(truth.labels[0]), int(prediction.labels[0])
    if answer == guess:
        return None
    score = float(prediction.scores[0])
    place = np.flatnonzero(prediction.labels == answer)
    given = ((answer, float(prediction.scores[place[0]])),) if len(place) else ()
    return Mistake(at, score, "wrong", (answer,), ((guess, score), *given))


def _judge_tags(at: int, prediction: Prediction, truth: Truth, threshold: float) -> Mistake | None:
    """The grade is that of the worst tag: the score of a false one, or what a missed one lacks of 1."""
    true = set(truth.labels.tolist())
    scores = dict(zip(prediction.labels.tolist(), prediction.scores.tolist(), strict=True))
    false = {label: score for label, score in scores.items() if score >= threshold and label not in true}
    missed = {label: 1 - scores.get(label, 0.0) for label in true if scores.get(label, 0.0) < threshold}
    if not false and not missed:
        return None
    shown = sorted(((label, score) for label, score in scores.items() if score >= threshold), key=lambda pair: -pair[1])
    missing = tuple((label, scores.get(label, 0.0)) for label in sorted(missed))
    what = "both" if false and missed else "false" if false else "missed"
    grade = max([*false.values(), *missed.values()])
    return Mistake(at, grade, what, tuple(sorted(true)), (*shown[:5], *missing[:5]))


def _find_wrong_boxes(
    predictions: Sequence[Prediction], truths: Sequence[Truth], threshold: float
) -> tuple[int, list[Mistake]]:
    """Half of the images shown have the surest false boxes, the others the largest missed ones."""
    shown = [_keep_shown(prediction, threshold) for prediction in predictions]
    found, truth = tabulate_predictions(shown), tabulate_truths(truths)
    matches = match_boxes(found, truth, OVERLAP)
    false_rows = np.flatnonzero(~matches.right & ~matches.ignored)
    is_missed = ~truth.crowd
    is_missed[matches.truth_rows[matches.truth_rows != NOTHING]] = False
    missed_rows = np.flatnonzero(is_missed)
    areas = truth.boxes[missed_rows, 2:].prod(axis=1)
    sure, large = found.images[false_rows], truth.images[missed_rows[np.argsort(-areas, kind="stable")]]
    chosen = _alternate(_unique(sure), _unique(large))
    wrong = len(np.union1d(sure, large))
    mistakes = [_describe_image(at, found, truth, matches.right, set(false_rows.tolist()), is_missed) for at in chosen]
    return wrong, mistakes


def _keep_shown(prediction: Prediction, threshold: float) -> Prediction:
    kept = prediction.scores >= threshold
    return Prediction(prediction.labels[kept], prediction.scores[kept], prediction.boxes[kept])


def _unique(images: Integers) -> list[int]:
    return list(dict.fromkeys(images.tolist()))


def _alternate(first: list[int], second: list[int]) -> list[int]:
    """Return images of both lists in turn, each once, at most `MAX_SHOWN`."""
    mixed = [image for pair in zip(first, second, strict=False) for image in pair]
    rest = first[len(second) :] + second[len(first) :]
    return list(dict.fromkeys(mixed + rest))[:MAX_SHOWN]


def _describe_image(at: int, found: Any, truth: Any, right: Any, false_rows: set[int], is_missed: Any) -> Mistake:
    guessed, true = np.flatnonzero(found.images == at), np.flatnonzero(truth.images == at)
    false = [row for row in guessed if int(row) in false_rows]
    missed = [row for row in true if is_missed[row]]
    boxes = [
        *(_describe_box("missed", truth.boxes[row], truth.labels[row]) for row in missed),
        *(_describe_box("false", found.boxes[row], found.labels[row], found.scores[row]) for row in false),
        *(_describe_box("found", truth.boxes[row], truth.labels[row]) for row in true if not is_missed[row]),
        *(
            _describe_box("right", found.boxes[row], found.labels[row], found.scores[row])
            for row in guessed
            if right[row]
        ),
    ]
    what = "both" if false and missed else "false" if false else "missed"
    grade = max((float(found.scores[row]) for row in false), default=0.0)
    return Mistake(at, grade, what, (), (), tuple(boxes[:MAX_BOXES]))


def _describe_box(kind: str, box: Floats, label: Any, score: Any = None) -> dict[str, Any]:
    """Return a box as left, top, width, height relative to the image; `false` and `right` ones are predicted."""
    form = {"kind": kind, "label": int(label), "box": [round(float(side) / SIDE, 4) for side in box]}
    return form if score is None else {**form, "confidence": round(float(score), 4)}
