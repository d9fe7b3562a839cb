"""Calibrated probabilities: as often right as they say, and never certain from few rows."""

import pytest
import torch

from darkroom_trainer.heads.fits import temperature


@pytest.mark.parametrize("is_multilabel", [False, True])
def test_calibrated_probabilities_are_as_often_right_as_they_say(is_multilabel: bool) -> None:
    random = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(4000, 5, generator=random)
    chances = logits.sigmoid() if is_multilabel else logits.softmax(dim=1)
    if is_multilabel:
        one_hot = (torch.rand(4000, 5, generator=random) < chances).float()
    else:
        one_hot = torch.nn.functional.one_hot(torch.multinomial(chances, 1, generator=random)[:, 0], 5).float()
    found = temperature.calibrate(logits / 7, one_hot, is_multilabel=is_multilabel)
    assert found.inverse_temperature == pytest.approx(7, rel=0.1)
    assert found.shift == pytest.approx(0, abs=0.2)


def test_faultless_answers_of_few_rows_do_not_become_certainties() -> None:
    one_hot = torch.eye(3)
    found = temperature.calibrate(one_hot * 0.1, one_hot, is_multilabel=False)
    assert float(found.apply(one_hot * 0.1).softmax(dim=1).max()) < 0.95
