"""Classification scores against scikit-learn and against sums done by hand."""

import numpy as np
import pytest
from sklearn import metrics as reference

from darkroom_predict.predictions import Prediction, build_truth
from darkroom_trainer.metrics.statistics.counts import count_guesses
from darkroom_trainer.metrics.tag_scores import classification


def some_scores(seed: int, count: int = 60, labels: int = 7, *, coarse: bool = False) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    scores = random.dirichlet(np.ones(labels), count)
    if coarse:
        scores = np.round(scores, 1)
    return scores, random.integers(0, labels, count)


@pytest.mark.parametrize("coarse", [False, True], ids=["distinct scores", "many equal scores"])
@pytest.mark.parametrize("seed", range(4))
def test_average_precision_equals_scikit_learn(seed: int, *, coarse: bool) -> None:
    scores, answers = some_scores(seed, coarse=coarse)
    wanted = [reference.average_precision_score(answers == label, scores[:, label]) for label in np.unique(answers)]
    assert classification.compute_macro_average_precision(scores, answers) == pytest.approx(np.mean(wanted))


@pytest.mark.parametrize("k", [1, 2, 5])
def test_top_k_accuracy_equals_scikit_learn(k: int) -> None:
    scores, answers = some_scores(3)
    wanted = reference.top_k_accuracy_score(answers, scores, k=k, labels=range(7))
    assert classification.compute_top_k_accuracy(scores, answers, k) == pytest.approx(wanted)


def test_k_above_the_number_of_labels_is_always_right() -> None:
    scores, answers = some_scores(1, labels=3)
    assert classification.compute_top_k_accuracy(scores, answers, 5) == 1.0


def test_tag_accuracy_is_the_recall_of_each_label() -> None:
    scores, answers = some_scores(5)
    wanted = reference.recall_score(answers, scores.argmax(axis=1), average=None, labels=range(7), zero_division=0)
    assert count_guesses(answers, scores.argmax(axis=1), 7).recall.tolist() == pytest.approx(wanted.tolist())


@pytest.mark.parametrize(
    ("confidences", "right", "error"),
    [
        pytest.param([1.0, 1.0], [True, True], 0.0, id="sure and right"),
        pytest.param([1.0, 1.0], [False, False], 1.0, id="sure and wrong"),
        pytest.param([0.8, 0.8, 0.8, 0.8], [True, True, True, False], 0.05, id="right as often as it says, nearly"),
        pytest.param([0.55, 0.95], [True, False], 0.7, id="two bins that do not make up for each other"),
    ],
)
def test_calibration_error(confidences: list[float], right: list[bool], error: float) -> None:
    scores = np.array([[confidence, 1 - confidence] for confidence in confidences])
    answers = np.array([0 if is_right else 1 for is_right in right])
    assert classification.compute_calibration_error(scores, answers) == pytest.approx(error)


def test_performance_carries_all_names() -> None:
    predictions = [Prediction(np.array([1, 0]), np.array([0.9, 0.1], np.float32), np.zeros((0, 4), np.float32))] * 4
    truths = [build_truth([label], []) for label in (1, 1, 1, 0)]
    found = classification.measure_classification(predictions, truths, ("cat", "dog"))
    assert found.score == found.accuracy_top1 == 0.75
    assert found.accuracy_top5 == 1.0
    assert found.images == 4
    assert found.tag_performance is not None
    assert {tag: scores.accuracy for tag, scores in found.tag_performance.items()} == {"cat": 0.0, "dog": 1.0}
