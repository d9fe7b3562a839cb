"""Logits of tags to probabilities and back."""

import pytest
import torch

from darkroom_trainer.heads.fits.probabilities import LEAST_PROBABILITY, to_logits, to_probabilities

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [-3.0, 0.0, 4.0]])


@pytest.mark.parametrize("is_multilabel", [False, True], ids=["one tag", "multilabel"])
def test_probabilities_come_back_from_their_logits(*, is_multilabel: bool) -> None:
    probabilities = to_probabilities(LOGITS, is_multilabel=is_multilabel)
    logits = to_logits(probabilities, is_multilabel=is_multilabel)
    torch.testing.assert_close(to_probabilities(logits, is_multilabel=is_multilabel), probabilities)


@pytest.mark.parametrize("is_multilabel", [False, True], ids=["one tag", "multilabel"])
def test_a_certain_answer_has_logits_that_can_be_computed_with(*, is_multilabel: bool) -> None:
    logits = to_logits(torch.tensor([[1.0, 0.0]]), is_multilabel=is_multilabel)
    assert bool(torch.isfinite(logits).all())
    found = to_probabilities(logits, is_multilabel=is_multilabel)
    torch.testing.assert_close(found, torch.tensor([[1.0, 0.0]]), atol=2 * LEAST_PROBABILITY, rtol=0)
