"""The numbers that heads are chosen by."""

import math

import pytest
import torch

from darkroom_trainer.heads import head_scores

SURE, UNSURE = 20.0, 0.0


def logits_of(*rows: tuple[float, float]) -> torch.Tensor:
    """Return logits (1, M, 2)."""
    return torch.tensor([rows], dtype=torch.float32)


ONE_HOT = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])


@pytest.mark.parametrize(
    ("rows", "value"),
    [
        pytest.param(((SURE, 0), (0, SURE), (SURE, 0), (0, SURE)), 1.0, id="all right"),
        pytest.param(((SURE, 0), (0, SURE), (SURE, 0), (SURE, 0)), 0.75, id="one wrong"),
        pytest.param(((0, SURE), (SURE, 0), (0, SURE), (SURE, 0)), 0.0, id="all wrong"),
    ],
)
def test_of_one_label_a_row_the_share_that_is_right_counts(rows: tuple[tuple[float, float], ...], value: float) -> None:
    score = head_scores.measure(logits_of(*rows), ONE_HOT, is_multilabel=False)
    assert score.value == pytest.approx(value)
    assert score.standard_error > 0, "not even a faultless score of four rows is certain"
    assert score.lower == pytest.approx(score.value - score.standard_error)


def test_repeats_make_a_row_more_exact_and_not_more_rows() -> None:
    once = head_scores.measure(logits_of((1, 0), (0, 1), (1, 0), (1, 0)), ONE_HOT, is_multilabel=False)
    rows = torch.tensor([[1.0, 0], [0, 1], [1, 0], [1, 0]])
    thrice = head_scores.measure(rows.expand(3, 4, 2), ONE_HOT, is_multilabel=False)
    assert (thrice.value, thrice.standard_error) == pytest.approx((once.value, once.standard_error))


def test_of_several_labels_a_row_the_mean_average_precision_of_those_that_occur_counts() -> None:
    relevant = torch.tensor([[1.0, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0]])
    logits = torch.where(relevant > 0, 3.0, -3.0)[None]
    score = head_scores.measure(logits, relevant, is_multilabel=True)
    assert score.value == 1.0
    nothing = head_scores.measure(logits, torch.zeros_like(relevant), is_multilabel=True)
    assert nothing.value == 0.0


@pytest.mark.parametrize("is_multilabel", [False, True], ids=["one label", "several"])
def test_the_log_loss_of_no_idea_is_that_of_two_equal_chances(*, is_multilabel: bool) -> None:
    loss = head_scores.measure_log_loss(torch.zeros(1, 4, 2), ONE_HOT, is_multilabel=is_multilabel)
    assert loss == pytest.approx(math.log(2))


def test_probabilities_are_the_mean_over_repeats() -> None:
    logits = torch.stack([torch.tensor([[SURE, 0.0]]), torch.tensor([[0.0, SURE]])])
    found = head_scores.average_probabilities(logits, is_multilabel=False)
    torch.testing.assert_close(found, torch.tensor([[0.5, 0.5]]))
