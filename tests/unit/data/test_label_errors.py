"""Tags that are probably wrong, found by planting wrong ones where the right ones are known."""

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.datasets import load_digits, make_multilabel_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from darkroom_trainer.data.inspection.label_errors import find_label_errors

WRONG_SHARE = 0.05
Array = npt.NDArray[Any]


@functools.cache
def plant_in_digits(seed: int, images: int) -> tuple[Array, Array, Array]:
    """Return out-of-fold probabilities, labels of which a twentieth is wrong, and the true ones."""
    generator = np.random.default_rng(seed)
    pixels, truth = load_digits(return_X_y=True)
    chosen = generator.permutation(len(truth))[:images]
    pixels, truth = pixels[chosen] / 16, truth[chosen]
    given = truth.copy()
    wrong = generator.permutation(images)[: round(WRONG_SHARE * images)]
    given[wrong] = (truth[wrong] + generator.integers(1, 10, len(wrong))) % 10
    model = LogisticRegression(C=1.0, max_iter=300)
    with threadpool_limits(1):
        return cross_val_predict(model, pixels, given, cv=3, method="predict_proba"), given, truth


@pytest.mark.parametrize(("seed", "images", "precision", "recall"), [(0, 1797, 0.9, 0.75), (2, 400, 0.75, 0.6)])
def test_planted_errors_are_found_and_little_else(seed: int, images: int, precision: float, recall: float) -> None:
    probabilities, given, truth = plant_in_digits(seed, images)
    suspects = find_label_errors(probabilities, given, max_count=images)
    rows = np.array([suspect.row for suspect in suspects])
    wrong = given != truth
    assert wrong[rows].mean() >= precision
    assert wrong[rows].sum() / wrong.sum() >= recall
    right = [suspect.suggested == truth[suspect.row] for suspect in suspects if wrong[suspect.row]]
    assert np.mean(right) >= 0.9
    assert wrong[rows[:10]].all(), "the surest ones are wrong indeed"


def test_labels_that_are_right_are_hardly_called_errors() -> None:
    probabilities, _, truth = plant_in_digits(0, 1797)
    assert len(find_label_errors(probabilities, truth)) <= 0.02 * len(truth)


def test_planted_errors_of_several_tags_are_found() -> None:
    generator = np.random.default_rng(0)
    inputs, truth = make_multilabel_classification(1000, 40, n_classes=5, n_labels=2, length=400, random_state=0)
    given = truth.astype(bool).copy()
    planted = generator.random(given.shape) < 0.03
    given[planted] ^= True
    model = OneVsRestClassifier(LogisticRegression(C=0.01, max_iter=300))
    with threadpool_limits(1):
        probabilities = cross_val_predict(model, inputs, given.astype(int), cv=3, method="predict_proba")
    suspects = find_label_errors(probabilities, given, max_count=10_000)
    found = {(suspect.row, suspect.given if suspect.suggested is None else suspect.suggested) for suspect in suspects}
    real = set(map(tuple, np.argwhere(planted).tolist()))
    assert len(found & real) / len(real) >= 0.75
    assert len(found & real) / len(found) >= 0.5
    surest = [suspect.given if suspect.suggested is None else suspect.suggested for suspect in suspects[:50]]
    assert np.mean([planted[suspect.row, tag] for suspect, tag in zip(suspects, surest, strict=False)]) >= 0.9
    missing = [suspect for suspect in suspects if suspect.given is None]
    assert all(not given[suspect.row, suspect.suggested] for suspect in missing)
    assert 0 < len(missing) < len(suspects)


SURE = [0.9, 0.05, 0.05]


@pytest.mark.parametrize(
    ("probabilities", "labels", "rows"),
    [
        pytest.param([SURE] * 9 + [SURE], [0] * 9 + [1], [9], id="one tag against nine"),
        pytest.param([SURE] * 9 + [[0.45, 0.1, 0.45]], [0] * 9 + [1], [], id="nothing that the models are sure of"),
        pytest.param([SURE] * 4, [1] * 4, [], id="a suggestion that nobody was ever given"),
        pytest.param([SURE] * 9 + [[np.nan] * 3], [0] * 9 + [1], [], id="a row that was not predicted"),
        pytest.param(np.zeros((0, 3)), [], [], id="no rows"),
        pytest.param([[0.99, 0.01]] * 9 + [[0.6, 0.4]], [0] * 9 + [1], [], id="less sure than of that tag elsewhere"),
    ],
)
def test_a_suspect_needs_a_sure_witness(probabilities: Any, labels: Any, rows: list[int]) -> None:
    found = find_label_errors(np.array(probabilities), np.array(labels, dtype=np.int64))
    assert [suspect.row for suspect in found] == rows


def test_the_surest_come_first_and_no_more_than_asked_for() -> None:
    probabilities = np.array([[0.9, 0.1]] * 20 + [[0.95, 0.05], [0.99, 0.01]])
    labels = np.array([0] * 20 + [1, 1])
    assert [suspect.row for suspect in find_label_errors(probabilities, labels)] == [21, 20]
    (surest,) = find_label_errors(probabilities, labels, max_count=1)
    assert (surest.row, surest.given, surest.suggested) == (21, 1, 0)
    assert [surest.confidence, surest.margin] == pytest.approx([0.99, 0.98])


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"labels \(3,\) do not go with probabilities \(2, 2\)"):
        find_label_errors(np.zeros((2, 2)), np.zeros(3, dtype=np.int64))
