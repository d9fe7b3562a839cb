"""A training that was stopped and resumed ends as one that was not."""

import json
import threading

import pytest
import safetensors.torch
import torch

from darkroom_api.v1alpha1.common import MeasuredOn, Performance, StopReason
from darkroom_trainer.checkpoints import checkpoint, sessions
from darkroom_trainer.checkpoints.sessions import FittedHead, HoldOut, Session, Stage, Underway
from darkroom_trainer.loop.training_loop import Hooks, Learner, Window, train_window
from darkroom_trainer.runtime.stopping import RunStopped
from darkroom_trainer.search.halving import Halving, Trial
from tests.support.learning import QUIET, StepClock, a_learner, a_meter

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


@pytest.mark.parametrize(
    ("has_head", "held_out_weight", "weight"),
    [
        pytest.param(True, 0.25, 0.25, id="what held-out images gave it"),
        pytest.param(True, None, 1.0, id="all of it while no held-out image tells what a network is"),
        pytest.param(False, None, 0.0, id="nothing without a head"),
    ],
)
def test_the_weight_of_a_head(has_head: bool, held_out_weight: float | None, weight: float) -> None:
    nothing = torch.zeros(0)
    head = FittedHead({}, torch.nn.Identity(), nothing, nothing, None, None, [])  # type: ignore[arg-type]
    scored = None
    if held_out_weight is not None:
        scored = HoldOut(Performance(measured_on=MeasuredOn.HOLD_OUT, images=9), [], 0.0, held_out_weight)
    session = Session(a_learner("classifier"), Stage.HOLD_OUT, WINDOW, hold_out=scored, head=head if has_head else None)
    assert session.ensemble_weight == weight


@pytest.mark.parametrize("reason", [None, StopReason.FEW_IMAGES])
def test_why_a_head_answers_alone_is_kept(reason: StopReason | None) -> None:
    saved = sessions.pack(Session(a_learner("classifier"), Stage.FITTED, WINDOW, head_alone=reason))
    saved = checkpoint.Checkpoint(saved.tensors, json.loads(json.dumps(saved.state)))
    assert sessions.fill(a_learner("classifier"), saved).head_alone is reason
    older = {name: value for name, value in saved.state.items() if name != "headAlone"}
    assert sessions.fill(a_learner("classifier"), checkpoint.Checkpoint(saved.tensors, older)).head_alone is None


def test_trials_in_the_middle_of_their_windows_are_kept_and_their_batches_divided() -> None:
    learner, other = a_learner("classifier"), run_through("classifier")
    optimizer = checkpoint.flatten_optimizer(other.optimizer)
    session = Session(
        learner,
        Stage.HOLD_OUT,
        WINDOW,
        halving=Halving([Trial(1, learner.recipe), Trial(2, other.recipe)], 9.0, 90.0, queue=[1, 2]),
        waiting={2: other.model.state_dict()},
        underway={2: Underway(other.step, other.recipe, 4.0, 9.0, optimizer)},
    )
    saved = sessions.pack(session)
    found = sessions.fill(
        a_learner("classifier"), checkpoint.Checkpoint(saved.tensors, json.loads(json.dumps(saved.state)))
    )
    kept = found.underway[2]
    assert (kept.step, kept.recipe, kept.spent_seconds, kept.length_seconds) == (other.step, other.recipe, 4.0, 9.0)
    assert all(torch.equal(value, optimizer[name]) for name, value in kept.optimizer.items())
    assert set(kept.optimizer) == set(optimizer)
    sessions.shrink_batches(found, 2)
    assert found.underway[2].recipe.batch_size == found.learner.recipe.batch_size == learner.recipe.batch_size // 2
