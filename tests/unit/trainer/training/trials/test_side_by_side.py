"""What comes of the answers of the devices that trained a trial beside the session's."""

import pathlib
from typing import cast

import pytest
import safetensors.torch
import torch

from darkroom_trainer.checkpoints.sessions import Session, Stage
from darkroom_trainer.loop.training_loop import Window
from darkroom_trainer.parallel import orders, other_trials
from darkroom_trainer.runtime import stopping
from darkroom_trainer.search.halving import Score
from darkroom_trainer.training import fitting
from darkroom_trainer.training.trials import side_by_side
from tests.support.learning import a_learner

RECIPE = a_learner("classifier").recipe


class Answering:
    """Other trials that have ended so; without an end, a stop is asked for while they train."""

    def __init__(self, *ends: orders.Standing) -> None:
        self._ends = ends

    def await_ends(self) -> dict[int, orders.Standing]:
        """Return the ends, of trials 2 and up."""
        if not self._ends:
            raise stopping.RunStopped
        return dict(enumerate(self._ends, start=2))


class Noting:
    """A fitter that only notes what it is told."""

    def __init__(self) -> None:
        self.losses: list[tuple[object, ...]] = []
        self.saves = 0

    def save(self, _session: object) -> None:
        """Count a checkpoint."""
        self.saves += 1

    def note_loss(self, _session: object, *told: object) -> None:
        """Note a loss."""
        self.losses.append(told)


def await_ends(fitter: Noting, others: Answering) -> dict[int, side_by_side.RoundEnd]:
    session = Session(a_learner("classifier"), Stage.HOLD_OUT, Window(0.0, 9.0))
    return side_by_side.await_ends(cast(fitting.Fitter, fitter), session, cast(other_trials.OtherTrials, others))


def test_weights_scores_and_losses_are_taken_in_and_of_a_diverged_trial_nothing(tmp_path: pathlib.Path) -> None:
    fitter = Noting()
    file = tmp_path / "end.safetensors"
    safetensors.torch.save_file({"model/scale": torch.ones(2)}, file)
    good = orders.Standing(file, 7, RECIPE, 4.0, 4.0, 4.5, ((7, 0.5, 0.25),), is_over=True, score=Score(0.75, 0.1))
    diverged = orders.Standing(file, 3, RECIPE, 4.0, 4.0, 1.5, (), is_over=True)
    ends = await_ends(fitter, Answering(good, diverged))
    assert ends[3] == side_by_side.RoundEnd(3, RECIPE, 1.5)
    assert (ends[2].step, ends[2].cost_seconds, ends[2].score) == (7, 4.5, Score(0.75, 0.1))
    assert ends[2].weights is not None
    assert torch.equal(ends[2].weights["scale"], torch.ones(2))
    assert (fitter.losses, fitter.saves) == ([(2, 7, 0.5, 0.25)], 0)


def test_a_stop_while_they_train_is_followed_by_a_checkpoint() -> None:
    fitter = Noting()
    with pytest.raises(stopping.RunStopped):
        await_ends(fitter, Answering())
    assert fitter.saves == 1
