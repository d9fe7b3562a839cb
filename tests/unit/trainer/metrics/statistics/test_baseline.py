"""Whether a model has learned anything, by its guesses on held-out images."""

import numpy as np
import pytest

from darkroom_trainer.metrics.statistics import baseline


def answers(count: int, labels: int) -> np.ndarray:
    return np.arange(count) % labels


@pytest.mark.parametrize(
    ("count", "labels", "right_share", "no_better"),
    [
        pytest.param(280, 10, 0.10, True, id="guessing among ten"),
        pytest.param(280, 10, 0.14, True, id="lucky guessing"),
        pytest.param(280, 10, 0.25, False, id="a weak model"),
        pytest.param(280, 10, 0.98, False, id="a good model"),
        pytest.param(80, 2, 0.5, True, id="guessing between two"),
        pytest.param(80, 2, 0.75, False, id="a weak model of two"),
        pytest.param(8, 2, 0.5, False, id="too few images to tell"),
        pytest.param(0, 2, 0.0, False, id="no images"),
        pytest.param(50, 1, 1.0, False, id="one tag only: nothing to guess"),
    ],
)
def test_guessing_is_told_from_learning(count: int, labels: int, right_share: float, *, no_better: bool) -> None:
    truth = answers(count, labels)
    guesses = np.where(np.arange(count) < right_share * count, truth, (truth + 1) % max(2, labels))
    assert baseline.compare_answers(guesses, truth).is_no_better is no_better


@pytest.mark.parametrize(
    ("count", "labels", "right_share", "better"),
    [
        pytest.param(50, 10, 0.3, True, id="a weak model of ten, on fifty images"),
        pytest.param(10, 10, 0.3, False, id="on ten it may be luck"),
        pytest.param(50, 10, 0.1, False, id="guessing"),
        pytest.param(2, 2, 1.0, False, id="two right answers prove nothing"),
        pytest.param(0, 2, 0.0, False, id="no images"),
    ],
)
def test_learning_has_to_be_shown_by_enough_answers(
    count: int, labels: int, right_share: float, *, better: bool
) -> None:
    truth = answers(count, labels)
    guesses = np.where(np.arange(count) < right_share * count, truth, (truth + 1) % labels)
    assert baseline.compare_answers(guesses, truth).is_better is better


def test_random_guesses_are_recognized_in_every_one_of_200_sets() -> None:
    random = np.random.default_rng(0)
    tests = [baseline.compare_answers(random.integers(0, 10, 280), random.integers(0, 10, 280)) for _ in range(200)]
    assert all(test.is_no_better for test in tests)


def test_of_several_tests_the_one_that_shows_guessing_counts() -> None:
    good, bad = baseline.BaselineTest(0.9, 0.1, 0.05, 100), baseline.BaselineTest(0.1, 0.1, 0.05, 100)
    assert baseline.combine_tests([good, bad]) is bad
    assert baseline.combine_tests([good, good]) is good
