"""The numbers that the replaced service's own code is tested with: microsoft/vision-evaluation 0.2.14 (MIT).

Two small sets of guesses, one of several tags an image, and boxes; values as published there, to the digits given.
"""

from functools import partial

import numpy as np
import pytest

from darkroom_predict.predictions import Prediction, Truth, build_truth
from darkroom_trainer.metrics.box_scores import detection
from darkroom_trainer.metrics.statistics import counts, curves
from darkroom_trainer.metrics.tag_scores import classification, multilabel_scores

SURE = [1, 0, 0.5, 0.1, 0.44, 0.09, 0.91, 0.37, 0.34, 0.89]
"""How sure ten guesses are of the first of two tags."""
TWO = np.array([[share, 1 - share] for share in SURE])
TWO_ANSWERS = np.array([1, 0, 0, 0, 1, 1, 0, 0, 0, 1])
THREE = np.array(
    [
        *([0.99, 0.01, 0], [0, 0.99, 0.01], [0.51, 0.49, 0], [0.09, 0.8, 0.11], [0.34, 0.36, 0.3]),
        *([0.09, 0.9, 0.01], [0.91, 0.06, 0.03], [0.37, 0.6, 0.03], [0.34, 0.46, 0.2], [0.79, 0.11, 0.1]),
        *([0.34, 0.16, 0.5], [0.04, 0.56, 0.4], [0.04, 0.36, 0.6], [0.04, 0.36, 0.6], [0.99, 0.01, 0]),
    ]
)
THREE_ANSWERS = np.array([1, 0, 2, 0, 1, 2, 0, 0, 0, 1, 2, 1, 2, 2, 0])
SETS = {"two tags": (TWO, TWO_ANSWERS), "three tags": (THREE, THREE_ANSWERS)}
MANY = np.array([[1, 0.3, 0], [0, 1, 0.5], [0.5, 0.6, 0.5]])
MANY_TAGS = np.array([[1, 0, 0], [0, 1, 1], [1, 1, 1]], dtype=bool)
FOUR = np.array([[0, 0.3, 0.7, 0], [0, 1, 0.5, 0], [0, 0, 0.5, 0], [0.5, 0.6, 0, 0.5]])
FOUR_TAGS = np.array([[1, 0, 0, 0], [0, 1, 1, 1], [0, 0, 1, 1], [1, 1, 1, 0]], dtype=bool)
close_to = partial(pytest.approx, abs=1e-5)


def one_hot(answers: np.ndarray, labels: int) -> np.ndarray:
    return np.asarray(answers[:, None] == np.arange(labels))


@pytest.mark.parametrize(
    ("which", "k", "wanted"),
    [
        ("two tags", 1, 0.4),
        ("two tags", 2, 1.0),
        ("two tags", 5, 1.0),
        ("three tags", 1, 0.46667),
        ("three tags", 2, 0.73333),
        ("three tags", 5, 1.0),
    ],
)
def test_top_k_accuracy(which: str, k: int, wanted: float) -> None:
    assert classification.compute_top_k_accuracy(*SETS[which], k) == close_to(wanted)


@pytest.mark.parametrize(("which", "wanted"), [("two tags", 0.584), ("three tags", 0.408)])
def test_calibration_error(which: str, wanted: float) -> None:
    assert classification.compute_calibration_error(*SETS[which]) == close_to(wanted)


@pytest.mark.parametrize(
    ("scores", "relevant", "wanted"),
    [
        pytest.param(TWO, one_hot(TWO_ANSWERS, 2), (0.447682, 0.475744, 0.490476, 0.65), id="two tags"),
        pytest.param(THREE, one_hot(THREE_ANSWERS, 3), (0.384352, 0.485592, 0.503266, 0.688889), id="three tags"),
        pytest.param(FOUR, FOUR_TAGS, (0.67328, 0.73611, 0.731481, 0.680555), id="many tags"),
    ],
)
def test_average_precision_micro_macro_weighted_and_samples(
    scores: np.ndarray, relevant: np.ndarray, wanted: tuple[float, ...]
) -> None:
    found = multilabel_scores.average_precisions(scores, relevant)
    assert (found.micro, found.macro, found.weighted, found.samples) == close_to(wanted)


def test_score_of_the_status_is_the_published_macro_average() -> None:
    assert classification.compute_macro_average_precision(TWO, TWO_ANSWERS) == close_to(0.475744)
    assert classification.compute_macro_average_precision(THREE, THREE_ANSWERS) == close_to(0.485592)


def test_average_precision_of_each_tag() -> None:
    found = multilabel_scores.compute_tag_precisions(TWO, one_hot(TWO_ANSWERS, 2))
    assert found.tolist() == close_to([0.54940, 0.40208])


@pytest.mark.parametrize(
    ("which", "wanted"), [("two tags", (0.4, 0.35, 0.2)), ("three tags", (0.355555, 0.4, 0.133333))]
)
def test_accuracy_at_thresholds(which: str, wanted: tuple[float, ...]) -> None:
    scores, answers = SETS[which]
    relevant = one_hot(answers, scores.shape[1])
    found = [
        multilabel_scores.compute_shared(multilabel_scores.select_above(scores, at), relevant) for at in (0.3, 0.5, 0.7)
    ]
    assert found == close_to(wanted)


def test_accuracy_of_each_tag_with_a_tag_that_no_image_has() -> None:
    found = counts.count_guesses(TWO_ANSWERS, TWO.argmax(axis=1), 2).recall
    assert found.tolist() == close_to([0.33333, 0.5])
    missing = counts.count_guesses(np.array([0, 1, 0, 0]), np.array([0, 1, 0, 1]), 3).recall
    assert missing.tolist() == close_to([0.66667, 1.0, 0.0])


def test_balanced_accuracy() -> None:
    answers = np.array([0, 1, 0, 1, 0, 0, 0, 1, 0, 1])
    sure = np.array([1, 0, 0.6, 0.1, 0.44, 0.09, 0.91, 0.37, 0.34, 0.89])
    guesses = np.stack([sure, 1 - sure], axis=1).argmax(axis=1)
    assert counts.compute_balanced_accuracy(counts.count_guesses(answers, guesses, 2)) == pytest.approx(0.625)


def test_mean_average_precision_at_eleven_recalls() -> None:
    relevant = one_hot(np.array([0, 1, 1, 1, 0, 0, 1, 1, 1, 0]), 2)
    assert multilabel_scores.compute_interpolated_mean(TWO, relevant) == close_to(0.7406926)


@pytest.mark.parametrize(
    ("threshold", "precision", "recall", "f1", "mean_precision", "mean_recall"),
    [
        (0.0, 0.66667, 1.0, 0.8, 0.66667, 1.0),
        (0.3, 0.88889, 1.0, 0.94118, 0.83333, 1.0),
        (0.6, 0.66667, 0.5, 0.57143, 1.0, 0.61111),
        (0.7, 0.66667, 0.33333, 0.44444, 0.66667, 0.5),
    ],
)
def test_tags_above_a_threshold(
    threshold: float, precision: float, recall: float, f1: float, mean_precision: float, mean_recall: float
) -> None:
    guessed = multilabel_scores.select_above(MANY, threshold)
    assert _measure_flags(guessed) == close_to((precision, recall, f1, mean_precision, mean_recall))


@pytest.mark.parametrize(
    ("k", "precision", "recall", "f1", "mean_precision", "mean_recall"),
    [
        (0, 0.0, 0.0, 0.0, 0.0, 0.0),
        (1, 0.66667, 0.5, 0.57143, 1.0, 0.61111),
        (2, 0.88889, 0.83333, 0.86022, 0.83333, 0.88889),
        (3, 0.66667, 1.0, 0.8, 0.66667, 1.0),
    ],
)
def test_the_k_best_tags(
    k: int, precision: float, recall: float, f1: float, mean_precision: float, mean_recall: float
) -> None:
    guessed = multilabel_scores.select_best(MANY, k)
    assert _measure_flags(guessed) == close_to((precision, recall, f1, mean_precision, mean_recall))


def _measure_flags(guessed: np.ndarray) -> tuple[float, ...]:
    """Return precision, recall and F1 over tags, then precision and recall over images."""
    summary = counts.summarize(counts.count_flags(MANY_TAGS, guessed))
    over_images = (
        multilabel_scores.compute_sample_precision(guessed, MANY_TAGS),
        multilabel_scores.compute_sample_recall(guessed, MANY_TAGS),
    )
    return summary.precision.macro, summary.recall.macro, summary.f1_of_means, *over_images


@pytest.mark.parametrize(
    ("answers", "area"),
    [([0, 0, 0, 1, 1, 1], 1.0), ([1, 1, 1, 0, 0, 0], 0.0), ([0, 0, 0, 1, 0, 1], 0.875)],
)
def test_roc_area_of_rising_scores(answers: list[int], area: float) -> None:
    assert curves.compute_roc_area(np.arange(6.0), np.array(answers, dtype=bool)) == area


def test_confusion_has_the_truth_in_rows() -> None:
    answers = np.array([1, 1, 1, 4, 3, 3, 3, 2, 1, 1])
    guesses = np.array([0, 1, 2, 3, 4, 2, 3, 3, 3, 1])
    wanted = [[0, 0, 0, 0, 0], [1, 2, 1, 1, 0], [0, 0, 0, 1, 0], [0, 0, 1, 1, 1], [0, 0, 0, 1, 0]]
    assert counts.build_confusion_matrix(answers, guesses, 5).tolist() == wanted


WHOLE, CORNER, SMALL, TINY = (0, 0, 1, 1), (0.5, 0.5, 0.5, 0.5), (0.1, 0.1, 0.4, 0.4), (0.9, 0.9, 0.1, 0.1)
"""Boxes as left, top, width, height."""
Box = tuple[int, tuple[float, float, float, float]]


def found(*boxes: Box) -> Prediction:
    """Return boxes that are all equally sure."""
    return Prediction(
        np.array([label for label, _ in boxes], dtype=np.int64),
        np.ones(len(boxes), dtype=np.float32),
        np.array([box for _, box in boxes], dtype=np.float32).reshape(-1, 4),
    )


def true(*boxes: Box, crowd: tuple[bool, ...] | None = None) -> Truth:
    plain = build_truth([label for label, _ in boxes], [box for _, box in boxes])
    return plain if crowd is None else Truth(plain.labels, plain.boxes, np.array(crowd))


TWO_BATCHES = [found((0, WHOLE), (1, CORNER)), found((2, SMALL)), found((0, TINY), (1, CORNER)), found((2, SMALL))]
TWO_TRUTHS = [true((0, WHOLE), (1, CORNER)), true((2, SMALL))]


@pytest.mark.parametrize(
    ("predictions", "truths", "wanted"),
    [
        pytest.param([found((0, WHOLE), (0, CORNER), (1, CORNER))], TWO_TRUTHS[:1], 1.0, id="a double of equal score"),
        pytest.param([found((0, WHOLE), (1, CORNER)), found((2, SMALL))], TWO_TRUTHS, 1.0, id="perfect"),
        pytest.param(TWO_BATCHES, TWO_TRUTHS * 2, 0.834983, id="one wrong box in four images"),
        pytest.param(
            TWO_BATCHES,
            [*TWO_TRUTHS, true((0, WHOLE), (1, CORNER), crowd=(True, False)), TWO_TRUTHS[1]],
            1.0,
            id="the wrong box is in a crowd",
        ),
        pytest.param([found((0, CORNER), (1, CORNER))], TWO_TRUTHS[:1], 0.5, id="an overlap of a quarter"),
        pytest.param([found()], TWO_TRUTHS[:1], 0.0, id="no boxes"),
        pytest.param([found((0, WHOLE))], [true()], 0.0, id="no truth"),
        pytest.param([], [], 0.0, id="no images"),
    ],
)
def test_mean_average_precision_at_half_overlap(
    predictions: list[Prediction], truths: list[Truth], wanted: float
) -> None:
    performance = detection.measure_detection(predictions, truths, ("a", "b", "c"))
    assert performance.mean_average_precision50 == close_to(wanted)
