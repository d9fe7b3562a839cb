"""A trial of the search in the process of a further device: trained alone through its window, and scored.

Owns what that process tells of it, in the end and when it is asked. Must not choose what is trained, or for how long.
"""

import pathlib
from multiprocessing.connection import Connection

import safetensors.torch

from darkroom_predict.predictions import Integers, Truth
from darkroom_trainer.checkpoints import checkpoint, sessions
from darkroom_trainer.loop import inference, training_loop
from darkroom_trainer.parallel import orders, windows
from darkroom_trainer.search import trial_scores
from darkroom_trainer.search.halving import Score


class LoneTrial:
    """A learner with the window that it was ordered to train through; files of weights go into `folder`."""

    def __init__(
        self, learner: training_loop.Learner, order: orders.TrialOrder, channel: Connection, folder: pathlib.Path
    ) -> None:
        self.learner = learner
        learner.rate_scale = order.rate_scale
        learner.peers = training_loop.Alone()
        order.meter.begin()
        self._began_at = order.meter.charged_seconds - order.spent_seconds
        self.window = training_loop.Window(self._began_at, self._began_at + order.length_seconds)
        self._order = order
        self._channel = channel
        self._folder = folder
        self._losses: list[tuple[int, float, float]] = []

    def run(self) -> orders.Standing:
        """Train and score; returns where that ended, with the weights in their file."""
        hooks = training_loop.Hooks(observe=self._observe, keep=lambda _: None, is_due=self._channel.poll)
        conditions = windows.Conditions(
            self._order.meter, hooks, lambda _: self._order.first_step_seconds, windows.train_alone
        )
        try:
            windows.train_through(self, conditions)
        except training_loop.NonFiniteLoss:
            return self._stand({}, is_over=True)
        learner = self.learner
        learner.task.finish(learner.model, learner.data)
        score = score_learner(learner, self._order.held_out, self._order.truths)
        weights = checkpoint.add_prefix("model", learner.model.state_dict())
        return self._stand({name: value.cpu() for name, value in weights.items()}, score, is_over=True)

    def _observe(self, share: float, loss: float) -> None:
        """Note a finite loss, and say where the trial stands if that was asked: weights after any other are lost."""
        self._losses.append((self.learner.step, share, loss))
        if self._channel.poll():
            self._channel.recv()
            self._channel.send(self._stand(sessions.snapshot(self.learner)))

    def _stand(
        self, tensors: checkpoint.Tensors, score: Score | None = None, *, is_over: bool = False
    ) -> orders.Standing:
        file = self._folder / ("end.safetensors" if is_over else "look.safetensors")
        safetensors.torch.save_file({name: value.contiguous() for name, value in tensors.items()}, file)
        charged, length = self._order.meter.charged_seconds, self.window.ends_at - self.window.starts_at
        return orders.Standing(
            file=file,
            step=self.learner.step,
            recipe=self.learner.recipe,
            spent_seconds=length if is_over else min(length, charged - self.window.starts_at),
            length_seconds=length,
            cost_seconds=charged - self._began_at,
            losses=tuple(self._losses),
            is_over=is_over,
            score=score,
        )


def score_learner(learner: training_loop.Learner, rows: Integers, truths: list[Truth]) -> Score:
    """Return the one score that recipes are compared by, of a learner's network on these rows of its images."""
    predictions = inference.predict_rows(learner.model, learner.task, learner.data, rows, learner.device)
    return trial_scores.score_predictions(learner.task.kind, predictions, truths, len(learner.task.labels))
