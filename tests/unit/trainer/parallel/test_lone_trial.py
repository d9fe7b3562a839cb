"""What a further device's process says of its trial, when it is asked and in the end."""

import multiprocessing
import pathlib
from multiprocessing.connection import Connection

import numpy as np
import pytest
import safetensors.torch

from darkroom_predict.predictions import Truth
from darkroom_trainer.loop import training_loop
from darkroom_trainer.parallel import lone_trial, orders
from tests.support.learning import StepClock, a_learner, a_meter

HELD_OUT = np.arange(6)
TRUTHS = [Truth(np.array([row % 3]), np.zeros((0, 4), dtype=np.float32)) for row in HELD_OUT]


def an_order(clock: StepClock, *, spent_seconds: float = 0.0) -> orders.TrialOrder:
    """Return the order to train for six steps, less what is spent, and to score six images."""
    return orders.TrialOrder(2, a_meter(clock), 6.5, spent_seconds, 0.0, 0.5, HELD_OUT, TRUTHS)


def a_trial(folder: pathlib.Path, *, spent_seconds: float = 0.0) -> tuple[lone_trial.LoneTrial, Connection]:
    """Return a trial on a clock that its steps move, and the other end of its channel."""
    clock = StepClock()
    ours, theirs = multiprocessing.Pipe()
    learner = clock.drive(a_learner("classifier"))
    return lone_trial.LoneTrial(learner, an_order(clock, spent_seconds=spent_seconds), theirs, folder), ours


@pytest.mark.parametrize(("spent_seconds", "steps"), [(0.0, 6), (4.0, 2), (6.5, 0)], ids=["new", "begun", "over"])
def test_it_trains_through_what_is_left_of_its_window_and_is_scored(
    tmp_path: pathlib.Path, spent_seconds: float, steps: int
) -> None:
    trial, _ = a_trial(tmp_path, spent_seconds=spent_seconds)
    end = trial.run()
    assert (end.step, end.is_over, end.has_diverged) == (steps, True, False)
    assert (end.spent_seconds, end.length_seconds) == (6.5, 6.5)
    assert end.cost_seconds == pytest.approx(spent_seconds + steps)
    assert end.score is not None
    assert 0 <= end.score.value <= 1
    weights = safetensors.torch.load_file(end.file)
    assert set(weights) == {f"model/{name}" for name in trial.learner.model.state_dict()}


def test_asked_it_says_where_it_stands_between_two_steps_and_goes_on(tmp_path: pathlib.Path) -> None:
    trial, ours = a_trial(tmp_path)
    ours.send(orders.StandingOrder())
    end = trial.run()
    standing = ours.recv()
    assert (standing.step, standing.spent_seconds, standing.is_over) == (1, 1.0, False)
    assert {name.split("/")[0] for name in safetensors.torch.load_file(standing.file)} == {"model", "optimizer"}
    assert end.step == 6
    assert [step for step, _, _ in end.losses] == [1, 6]


def test_a_loss_that_diverges_twice_leaves_no_score(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trial, _ = a_trial(tmp_path)
    monkeypatch.setattr(training_loop, "_check_loss", _fail)
    end = trial.run()
    assert (end.has_diverged, end.score) == (True, None)


def _fail(_losses: object) -> float:
    raise training_loop.NonFiniteLoss
