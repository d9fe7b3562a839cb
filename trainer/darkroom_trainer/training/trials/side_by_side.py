"""The trials of a round that train beside the session's, one on each further device of the run.

Owns what those devices are told, and what comes of their answers. Must not choose trials or judge them.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from darkroom_trainer.checkpoints import checkpoint
from darkroom_trainer.checkpoints.sessions import Session
from darkroom_trainer.data import annotations
from darkroom_trainer.loop import training_loop
from darkroom_trainer.loop.recipe import Recipe
from darkroom_trainer.parallel import orders, other_trials
from darkroom_trainer.runtime import stopping
from darkroom_trainer.search.halving import Score, Trial
from darkroom_trainer.training import fitting
from darkroom_trainer.training.training_run import TrainingRun


@dataclass(frozen=True)
class TrialPlan:
    """A trial with the part of its learning rate and the window, in charged seconds, that it gets next."""

    trial: Trial
    rate_scale: float
    length_seconds: float


@dataclass(frozen=True)
class RoundEnd:
    """How a trial's window ended: `weights` is None where its loss diverged twice, `score` where none was taken."""

    step: int
    recipe: Recipe
    cost_seconds: float
    weights: checkpoint.Tensors | None = None
    score: Score | None = None


@contextlib.contextmanager
def train_beside(
    run: TrainingRun, fitter: fitting.Fitter, session: Session, plans: Sequence[TrialPlan]
) -> Iterator[other_trials.OtherTrials]:
    """Have the further devices train these trials meanwhile; raises RunError where one is lost."""
    truths = annotations.build_truths(run.dataset, run.rows.held_out)

    def build_order(plan: TrialPlan) -> tuple[training_loop.Learner, orders.TrialOrder]:
        learner, underway = fitter.build_trial(session, plan.trial), session.underway.get(plan.trial.number)
        return learner, orders.TrialOrder(
            number=plan.trial.number,
            meter=run.context.meter.alone(),
            length_seconds=underway.length_seconds if underway else plan.length_seconds,
            spent_seconds=underway.spent_seconds if underway else 0.0,
            first_step_seconds=fitter.expect_step(learner.recipe),
            rate_scale=plan.rate_scale,
            held_out=run.rows.held_out,
            truths=truths,
        )

    with fitter.train_beside(session, map(build_order, plans)) as others:
        yield others


def await_ends(fitter: fitting.Fitter, session: Session, others: other_trials.OtherTrials) -> dict[int, RoundEnd]:
    """Return how the trials ended, by number, with their losses in the session's history.

    Raises RunStopped after a checkpoint, RunError where a device is lost.
    """
    ends = {}
    try:
        standings = others.await_ends()
    except stopping.RunStopped:
        fitter.save(session)
        raise
    for number, standing in standings.items():
        session.underway.pop(number, None)
        for step, share, loss in standing.losses:
            fitter.note_loss(session, number, step, share, loss)
        weights = (
            None if standing.has_diverged else checkpoint.take_prefix("model", other_trials.read_tensors(standing))
        )
        ends[number] = RoundEnd(standing.step, standing.recipe, standing.cost_seconds, weights, standing.score)
    return ends
