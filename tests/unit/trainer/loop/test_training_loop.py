"""The schedule, the order of the data, and what happens to a loss that is no number."""

import dataclasses

import numpy as np
import pytest
import torch

from darkroom_trainer.augmentation.transforms import draw_uniforms
from darkroom_trainer.loop import feeding
from darkroom_trainer.loop.training_loop import (
    GRADIENT_NORM,
    Learner,
    NonFiniteLoss,
    Window,
    clip_gradients,
    find_batch,
    schedule_rate,
    train_window,
)
from tests.support.learning import QUIET, StepClock, a_learner, a_meter


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


def test_keyed_numbers_do_not_depend_on_what_else_is_in_the_batch_or_how_many_are_drawn() -> None:
    epochs, rows = np.array([3, 4, 3]), np.array([9, 9, 8])
    few, many = draw_uniforms(7, epochs, rows, 3), draw_uniforms(7, epochs[::-1], rows[::-1], 7).flip(0)
    assert torch.equal(few, many[:, :3])
    assert len(set(few.flatten().tolist())) == few.numel()


def test_a_loss_that_is_no_number_ends_the_window() -> None:
    clock = StepClock()
    learner = a_learner("classifier")
    with torch.no_grad():
        next(learner.model.parameters()).fill_(float("nan"))
    with pytest.raises(NonFiniteLoss):
        train_window(clock.drive(learner), Window(0, 4), a_meter(clock), QUIET)


def test_no_step_starts_that_could_be_as_slow_as_the_slowest_of_late_and_take_what_is_owed() -> None:
    clock = StepClock()
    learner = clock.drive(a_learner("classifier"))

    def stall(one: Learner) -> None:
        clock.now += 5.0 if one.step == 3 else 0.0

    hooks = dataclasses.replace(QUIET, keep=stall, may_end_at=lambda charged, _recent: charged <= 20)
    train_window(learner, Window(0, 18), a_meter(clock), hooks)
    assert clock.now == 15, "the one that stalled took 6 s, and 14 + 6 is the last that may be"


@pytest.mark.parametrize(
    ("expected_seconds", "steps"),
    [
        pytest.param(0.0, 2, id="nothing is known of it"),
        pytest.param(2.0, 2, id="it fits, and the next ones are as they turn out"),
        pytest.param(3.0, 0, id="it does not fit"),
    ],
)
def test_the_first_step_of_a_window_starts_only_if_what_it_is_expected_to_take_fits(
    expected_seconds: float, steps: int
) -> None:
    clock = StepClock()
    learner = clock.drive(a_learner("classifier"))
    train_window(learner, Window(0, 3), a_meter(clock), QUIET, first_step_seconds=expected_seconds)
    assert learner.step == steps


@pytest.mark.parametrize(
    "length", [pytest.param(0.5, id="short"), pytest.param(50.0, id="long"), pytest.param(float("nan"), id="no number")]
)
def test_gradients_are_shortened_as_torch_does_it(length: float) -> None:
    ours, theirs = ([torch.nn.Parameter(torch.zeros(size)) for size in (3, 7)] for _ in range(2))
    for pair in zip(ours, theirs, strict=True):
        for value in pair:
            value.grad = torch.full_like(value, length / 10**0.5)
    unused = torch.nn.Parameter(torch.zeros(2))
    clip_gradients([*ours, unused])
    torch.nn.utils.clip_grad_norm_(theirs, GRADIENT_NORM)
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.grad is not None
        assert torch.equal(torch.nan_to_num(mine.grad, -1), torch.nan_to_num(torch.as_tensor(other.grad), -1))


def test_images_that_are_larger_than_the_recipe_says_are_shrunk_before_they_are_varied() -> None:
    small = a_learner("classifier")
    pixels = small.data.images.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)
    torch.manual_seed(3)
    model = small.task.build_model("test_resnet")
    large = Learner(small.task, model, dataclasses.replace(small.data, images=pixels), small.recipe, small.device, 3)
    assert large._load_batch().images.shape == small._load_batch().images.shape
    assert large.train_step(0.0).item() == pytest.approx(small.train_step(0.0).item(), abs=0.3)
    images = torch.rand(2, 3, 64, 64)
    assert large.model(images).shape == large.model(images[..., ::2, ::2]).shape, "as they come, or shrunk before"


@pytest.mark.parametrize(
    ("name", "policy"), [("classifier", "strong+mix"), ("detector", "standard+mosaic"), ("detector", "light+flip")]
)
def test_slices_of_a_batch_are_varied_as_the_whole_is(name: str, policy: str) -> None:
    learner = a_learner(name)
    learner.recipe = dataclasses.replace(learner.recipe, augmentation=policy)
    task, chosen = learner.task, learner._read_policy()
    numbers = {"draws": task.augmentation_draws, "others": task.count_others(chosen)}
    size_px = learner.recipe.image_size_px
    feed = feeding.Feed(learner.data, seed=1, step=5, batch_size=4, rank=0, size=1, size_px=size_px, **numbers)
    whole = feeding.gather(feed, learner.device)
    for rank in range(2):
        part = feeding.gather(dataclasses.replace(feed, rank=rank, size=2), learner.device)
        assert torch.equal(part.images, whole.images[rank::2])
        assert torch.equal(part.draws, whole.draws[rank::2])
        if whole.other_images is not None:
            assert part.other_images is not None
            images = whole.other_images.unflatten(0, (4, -1))  # type: ignore[no-untyped-call]
            assert torch.equal(part.other_images, images[rank::2].flatten(0, 1))


@pytest.mark.parametrize("policy", ["standard", "strong+mix"])
def test_batches_that_are_gathered_ahead_are_the_same(policy: str) -> None:
    plain, ahead = a_learner("classifier"), a_learner("classifier")
    for learner in (plain, ahead):
        learner.recipe = dataclasses.replace(learner.recipe, augmentation=policy)
    ahead.data = dataclasses.replace(ahead.data, is_mapped=True)
    for step in (0, 1, 2, 7, 3):
        plain.step = ahead.step = step
        ours, theirs = plain._load_batch(), ahead._load_batch()
        assert torch.equal(ours.images, theirs.images)
        assert all(torch.equal(values, theirs.targets[name]) for name, values in ours.targets.items())
