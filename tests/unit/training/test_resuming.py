"""A training that was stopped and resumed ends as one that was not."""

import threading

import pytest
import safetensors.torch
import torch

from darkroom_trainer.checkpoints import checkpoint, sessions
from darkroom_trainer.checkpoints.sessions import Session, Stage
from darkroom_trainer.loop.training_loop import Hooks, Learner, Window, train_window
from darkroom_trainer.runtime.stopping import RunStopped
from tests.unit.training.learning import QUIET, StepClock, a_learner, a_meter

WINDOW = Window(0.0, 9.0)


def run_through(name: str) -> Learner:
    clock = StepClock()
    learner = clock.drive(a_learner(name))
    train_window(learner, WINDOW, a_meter(clock), QUIET)
    return learner


def run_with_a_break(name: str, steps: int) -> Learner:
    stop, clock = threading.Event(), StepClock()
    first = clock.drive(a_learner(name))
    hooks = Hooks(QUIET.observe, lambda learner: stop.set() if learner.step == steps else None)
    with pytest.raises(RunStopped):
        train_window(first, WINDOW, a_meter(clock), hooks, stop)
    saved = sessions.pack(Session(first, Stage.HOLD_OUT, WINDOW))
    tensors = {name: value.contiguous() for name, value in saved.tensors.items()}
    saved = checkpoint.Checkpoint(safetensors.torch.load(safetensors.torch.save(tensors)), saved.state)
    charged = clock.now

    clock = StepClock()
    meter = a_meter(clock)
    second = clock.drive(a_learner(name))
    session = sessions.fill(second, saved)
    meter.resume(charged)
    train_window(second, session.window, meter, QUIET)
    return second


@pytest.mark.parametrize("name", ["classifier", "detector"])
def test_resumed_training_equals_one_without_a_break(name: str) -> None:
    whole, resumed = run_through(name), run_with_a_break(name, steps=4)
    assert whole.step == resumed.step > 4
    broken = resumed.model.state_dict()
    for key, value in whole.model.state_dict().items():
        assert torch.equal(value, broken[key]), f"{key} differs"


def test_training_moves_the_weights_and_ends_at_its_window() -> None:
    fresh, trained = a_learner("classifier"), run_through("classifier")
    assert trained.step <= 9
    pairs = zip(fresh.model.parameters(), trained.model.parameters(), strict=True)
    assert any(not torch.equal(before, after) for before, after in pairs)
