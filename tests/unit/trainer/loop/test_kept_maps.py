"""Maps of frozen stages that are kept: how many, and that keeping them changes no step."""

import dataclasses

import pytest
import torch

from darkroom_trainer.checkpoints import sessions
from darkroom_trainer.loop import kept_maps
from darkroom_trainer.loop.training_loop import Learner
from tests.support.learning import a_learner


def a_frozen_learner(name: str, trained_stages: int, *, kept_views: int = 2) -> Learner:
    whole = a_learner(name)
    recipe = dataclasses.replace(whole.recipe, trained_stages=trained_stages, kept_views=kept_views)
    return Learner(whole.task, whole.model, whole.data, recipe, whole.device, whole.seed)


class Counted:
    """Looks of three numbers each, counted."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> kept_maps.VariationMaps:
        """Return one more."""
        self.count += 1
        return kept_maps.VariationMaps([torch.zeros(1, 3)], {})


def test_what_was_looked_at_is_not_looked_at_again() -> None:
    kept, look = kept_maps.KeptMaps(), Counted()
    for key in (1, 2, 1):
        kept.take(key, look)
    assert look.count == 2


@pytest.mark.parametrize(
    ("most_bytes", "looked_at"),
    [
        pytest.param(24, 2, id="room for both"),
        pytest.param(23, 3, id="the oldest goes first"),
        pytest.param(0, 3, id="no room: looked at each time"),
    ],
)
def test_memory_bounds_what_is_kept(most_bytes: int, looked_at: int) -> None:
    kept, look = kept_maps.KeptMaps(most_bytes), Counted()
    for key in (1, 2, 1):
        assert kept.take(key, look).map_bytes == 12
    assert look.count == looked_at


KINDS = [("detector", 0), ("classifier", 0), ("classifier", 1), ("classifier", 2)]


@pytest.mark.parametrize(("name", "trained_stages"), KINDS)
def test_steps_are_the_same_whether_maps_are_kept_or_looked_at_again(name: str, trained_stages: int) -> None:
    keeping, forgetting = (a_frozen_learner(name, trained_stages) for _ in range(2))
    forgetting.kept = kept_maps.KeptMaps(most_bytes=0)
    for _ in range(9):
        assert torch.equal(keeping.train_step(0.5), forgetting.train_step(0.5))
    ours, theirs = sessions.snapshot(keeping), sessions.snapshot(forgetting)
    assert all(torch.equal(value, theirs[key]) for key, value in ours.items())


@pytest.mark.parametrize(("name", "trained_stages"), KINDS)
def test_frozen_stages_stay_as_they_are_and_what_follows_them_learns(name: str, trained_stages: int) -> None:
    learner = a_frozen_learner(name, trained_stages)
    before = sessions.snapshot(learner)
    for _ in range(3):
        learner.train_step(0.5)
    after = sessions.snapshot(learner)
    changed = {key for key, value in before.items() if not torch.equal(value, after[key])}
    assert any("conv1" in key for key in before)
    assert changed
    assert not any("conv1.0" in key or "running" in key for key in changed)


def test_an_image_is_varied_in_as_many_ways_as_are_kept() -> None:
    learner = a_frozen_learner("detector", 0, kept_views=3)
    for _ in range(12):
        learner.train_step(0.5)
    assert len(learner.kept._looks) == 3 * len(learner.data.rows)


def test_a_resumed_learner_takes_the_steps_of_one_that_was_not_interrupted() -> None:
    through, broken = a_frozen_learner("detector", 0), a_frozen_learner("detector", 0)
    for _ in range(4):
        through.train_step(0.5)
        broken.train_step(0.5)
    resumed = a_frozen_learner("detector", 0)
    sessions.restore(resumed, sessions.snapshot(broken))
    resumed.step = broken.step
    for _ in range(4):
        assert torch.equal(through.train_step(0.5), resumed.train_step(0.5))
