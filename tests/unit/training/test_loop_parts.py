"""The schedule, the order of the data, and what happens to a loss that is no number."""

import numpy as np
import pytest
import torch

from darkroom_trainer.loop import NonFiniteLoss, Window, find_batch, schedule_rate, train_window
from darkroom_trainer.tasks.augmentation import draw_uniforms
from tests.unit.training.learning import QUIET, StepClock, a_learner, a_meter


def test_the_learning_rate_rises_to_its_peak_and_falls_to_nothing() -> None:
    rates = [schedule_rate(share) for share in np.linspace(0, 1, 101)]
    assert rates[0] < 0.1
    assert max(rates) == pytest.approx(1.0, abs=0.01)
    assert rates[-1] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("charged", "share"), [(5, 0.0), (10, 0.0), (15, 0.5), (20, 1.0), (25, 1.0)])
def test_the_share_of_a_window_stays_between_0_and_1(charged: float, share: float) -> None:
    assert Window(10, 20).share(charged) == share


@pytest.mark.parametrize("count", [3, 7, 32, 100])
def test_each_epoch_shows_every_row_once(count: int) -> None:
    rows = np.arange(100, 100 + count)
    batches = [find_batch(1, step, 8, rows) for step in range(count)]
    epochs, shown = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    for epoch in range(8):
        assert sorted(shown[epochs == epoch]) == rows.tolist()


def test_order_depends_on_the_seed_alone() -> None:
    rows = np.arange(50)
    assert find_batch(1, 3, 8, rows)[1].tolist() == find_batch(1, 3, 8, rows)[1].tolist()
    assert find_batch(1, 3, 8, rows)[1].tolist() != find_batch(2, 3, 8, rows)[1].tolist()


def test_keyed_numbers_are_uniform_and_belong_to_their_key() -> None:
    epochs, rows = np.repeat(np.arange(20), 500), np.tile(np.arange(500), 20)
    draws = draw_uniforms(7, epochs, rows, 4)
    assert 0 <= float(draws.min()) < 0.001
    assert 0.999 < float(draws.max()) < 1
    assert draws.mean(dim=0).tolist() == pytest.approx([0.5] * 4, abs=0.02)
    assert abs(float(torch.corrcoef(draws.T)[0, 1])) < 0.03
    again = draw_uniforms(7, epochs[500:501], rows[500:501], 4)
    assert torch.equal(again[0], draws[500])
    assert not torch.equal(draw_uniforms(8, epochs, rows, 4), draws)


def test_a_loss_that_is_no_number_ends_the_window() -> None:
    clock = StepClock()
    learner = a_learner("classifier")
    with torch.no_grad():
        next(learner.model.parameters()).fill_(float("nan"))
    with pytest.raises(NonFiniteLoss):
        train_window(clock.drive(learner), Window(0, 4), a_meter(clock), QUIET)
