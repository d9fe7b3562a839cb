"""What is done when a step of a window fails."""

import math
from dataclasses import dataclass

import pytest
import torch

from darkroom_trainer.loop import training_loop
from darkroom_trainer.parallel import windows
from tests.support.learning import QUIET, StepClock, a_learner, a_meter


@dataclass
class Course:
    """A learner and its window."""

    learner: training_loop.Learner
    window: training_loop.Window


def a_course(patch: pytest.MonkeyPatch, *losses: float | Exception) -> tuple[Course, windows.Conditions]:
    """Return a course of twelve steps, the first of which end so, and what it is trained under."""
    clock = StepClock()
    course = Course(clock.drive(a_learner("classifier")), training_loop.Window(0.0, 12.5))
    step, ends = course.learner.train_step, list(losses)

    def stepping(share: float) -> torch.Tensor:
        loss = step(share)
        if not ends:
            return loss
        end = ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return loss * end

    patch.setattr(course.learner, "train_step", stepping)
    return course, windows.Conditions(a_meter(clock), QUIET, lambda _recipe: 0.0, windows.train_alone)


def test_a_loss_that_diverged_begins_what_is_left_of_the_window_again_at_a_lower_rate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    course, conditions = a_course(monkeypatch, math.nan, math.nan)
    course.learner.step = 0
    monkeypatch.setattr(training_loop, "LOSS_WINDOW", 2)
    assert windows.train_through(course, conditions) == pytest.approx(1.0)
    assert course.window == training_loop.Window(2.0, 12.5)
    assert course.learner.recipe.peak_learning_rate == pytest.approx(1e-3 * windows.LOWER_RATE)


def test_a_loss_that_diverges_again_is_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    course, conditions = a_course(monkeypatch, *[math.inf] * 12)
    with pytest.raises(training_loop.NonFiniteLoss):
        windows.train_through(course, conditions)


def test_a_batch_that_does_not_fit_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    course, conditions = a_course(monkeypatch, torch.OutOfMemoryError("CUDA out of memory"))
    windows.train_through(course, conditions)
    assert course.learner.recipe.batch_size == 2


def test_another_error_is_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    course, conditions = a_course(monkeypatch, RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        windows.train_through(course, conditions)
