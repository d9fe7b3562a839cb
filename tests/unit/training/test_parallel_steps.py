"""Steps that several devices take together equal the steps of one."""

from collections.abc import Callable

import pytest
import torch

from darkroom_trainer.features import normalization
from darkroom_trainer.loop import training_loop
from tests.unit.training.learning import a_learner
from tests.unit.training.parallel_steps import RATE, Adder, compare, run_together, take_steps


def fix_statistics(learner: training_loop.Learner) -> training_loop.Learner:
    """Make batch statistics no part of the model: each device has its own, by design."""
    for module in learner.model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()
    return learner


def without_boxes(learner: training_loop.Learner) -> training_loop.Learner:
    learner.data.targets["label"].fill_(-1)
    return learner


def with_few_boxes(learner: training_loop.Learner) -> training_loop.Learner:
    learner.data.targets["label"][1:].fill_(-1)
    return learner


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param("classifier", fix_statistics, id="a classifier"),
        pytest.param("detector", fix_statistics, id="a detector, whose loss counts boxes"),
        pytest.param("detector", with_few_boxes, id="a detector with boxes in one slice only"),
        pytest.param("detector", without_boxes, id="a detector without any box"),
    ],
)
def test_shared_steps_equal_the_steps_of_one_device(
    name: str, change: Callable[[training_loop.Learner], training_loop.Learner], size: int
) -> None:
    alone = change(fix_statistics(a_learner(name)))
    expected = take_steps(alone)
    learners = [change(fix_statistics(a_learner(name))) for _ in range(size)]
    losses = run_together(learners, Adder(size))
    assert losses[0] == pytest.approx(expected, rel=1e-3)
    assert compare(learners[0].model, alone.model) < 2e-5
    assert compare(a_learner(name).model, alone.model) > 2e-4, "the steps changed something"
    for other in learners[1:]:
        assert compare(learners[0].model, other.model) == 0, "all devices hold the same model"


def test_running_statistics_are_the_mean_over_the_devices() -> None:
    learners = [a_learner("classifier") for _ in range(2)]
    run_together(learners, Adder(2))
    assert compare(learners[0].model, learners[1].model) == 0
    assert compare(learners[0].model, a_learner("classifier").model) > 0


def test_a_step_of_one_device_is_what_it_was_before_there_were_several() -> None:
    learner, plain = a_learner("detector"), a_learner("detector")
    learner.take_step(RATE)
    for group in plain.optimizer.param_groups:
        group["lr"] = RATE
    batch = plain._load_batch()
    loss = plain.task.compute_loss(
        plain.model(normalization.normalize_in_place(batch.images, plain.data.mean, plain.data.std)), batch.targets
    )
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(plain.model.parameters(), training_loop.GRADIENT_NORM)
    plain.optimizer.step()
    assert compare(learner.model, plain.model) == 0
