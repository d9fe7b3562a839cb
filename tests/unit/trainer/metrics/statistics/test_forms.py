"""The JSON forms of scores."""

import numpy as np
import pytest

from darkroom_trainer.metrics.statistics import bootstrap, calibration, forms


def test_the_commonest_mistakes_come_first_with_truth_and_guess() -> None:
    form = forms.describe_confusion(np.array([[5, 2, 0], [7, 9, 1], [0, 0, 0]]), ["cat", "dog", None])
    assert form["mostConfused"] == [
        {"truth": "dog", "predicted": "cat", "count": 7},
        {"truth": "cat", "predicted": "dog", "count": 2},
        {"truth": "dog", "predicted": None, "count": 1},
    ]


def test_bins_without_a_guess_are_left_out_and_the_others_have_means() -> None:
    bins = calibration.fill_bins(np.array([0.1, 0.2, 0.9]), np.array([True, False, True]), 2)
    assert forms.describe_bins(bins) == [
        {"low": 0.0, "high": 0.5, "guesses": 2, "confidence": 0.15, "right": 0.5},
        {"low": 0.5, "high": 1.0, "guesses": 1, "confidence": 0.9, "right": 1.0},
    ]


@pytest.mark.parametrize(("value", "shown"), [(None, None), (0, 0.0), (np.float32(0.1234567), 0.12346)])
def test_a_number_has_five_decimals_and_what_is_not_defined_stays_so(value: float | None, shown: float | None) -> None:
    assert forms.describe_number(value) == shown


def test_an_interval_that_could_not_be_computed_is_left_out() -> None:
    found = forms.describe_intervals({"score": bootstrap.Interval(0.25, 0.75), "other": None})
    assert found == {"confidence": bootstrap.CONFIDENCE, "seed": bootstrap.SEED, "score": {"low": 0.25, "high": 0.75}}


@pytest.mark.parametrize(
    ("tags", "is_whole"), [(forms.MOST_DETAILED_TAGS, True), (forms.MOST_DETAILED_TAGS + 2, False)]
)
def test_a_matrix_of_very_many_tags_is_left_to_its_mistakes(tags: int, *, is_whole: bool) -> None:
    form = forms.describe_confusion(np.eye(tags, dtype=np.int64)[::-1], [str(tag) for tag in range(tags)])
    assert ("counts" in form) is is_whole
    assert len(form["mostConfused"]) == forms.MOST_CONFUSIONS
