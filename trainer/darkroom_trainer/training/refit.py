"""The refit of a training: the search's winner goes on from its weights, now on all images.

Owns how long it may take, and at what learning rate. No step is lost that way: on 400 digit scenes and 900 steps in
all, 540 of them for the hold-out run, this gave mAP@50 0.973 on the evaluation scenes, where 540 steps from scratch on
all images gave 0.92. Must not know how a window is trained.
"""

from typing import Final

from darkroom_api.v1alpha1.common import StopReason
from darkroom_trainer.checkpoints.sessions import Session, Stage
from darkroom_trainer.loop import training_loop
from darkroom_trainer.training import divergence, fitting
from darkroom_trainer.training.training_run import TrainingRun

REFIT_RATE: Final = 0.5
"""Peak learning rate of the refit, as a part of the first: it goes on from good weights."""
EARLY_REFIT_ROUNDS: Final = 1.0
"""Length of the refit after a search that stopped early, in lengths of the winner's last round."""


def refit_model(run: TrainingRun, fitter: fitting.Fitter, session: Session) -> None:
    """Train on all images and save the fitted model; nothing is left to do where an earlier attempt did it.

    A head that answers alone is fitted on all images already. Raises RunError(TrainingDiverged) where there is no
    scored model to keep, RunStopped after a checkpoint.
    """
    if session.head_alone is not None:
        if session.stage is not Stage.FITTED:
            fitter.finish(session)
        return
    if session.stage is Stage.HOLD_OUT:
        fitter.begin_refit(session, REFIT_RATE, limit_refit(session))
    elif session.stage is Stage.REFIT and run.saved is None:
        fitter.begin_refit(session, rate_scale=1.0)  # too few images to hold any out: this is the only fit
    if session.stage is Stage.REFIT:
        try:
            fitter.fit(session)
        except training_loop.NonFiniteLoss as error:
            raise divergence.explain_run_non_finite(run) from error
        fitter.finish(session)


def limit_refit(session: Session) -> float | None:
    """Return how long the refit may take, in charged seconds; None for all that is left.

    Where a longer search would not have helped, a longer refit would not either.
    """
    halving = session.halving
    assert halving is not None, "the search came first"
    if halving.stop_reason is StopReason.BUDGET_REACHED:
        return None
    return EARLY_REFIT_ROUNDS * halving.round_seconds
