"""How good a training's models are on the held-out images: after each round, and once the search has a winner.

Owns what is scored and what that tells of later costs. Must not train, or decide between recipes.
"""

import logging

from darkroom_predict.predictions import Prediction, Truth
from darkroom_trainer.budget import costs
from darkroom_trainer.budget.ledger import RemainingWork
from darkroom_trainer.checkpoints.sessions import HoldOut, Session, Stage
from darkroom_trainer.data import annotations
from darkroom_trainer.loop import inference
from darkroom_trainer.search import halving as halvings, trial_scores
from darkroom_trainer.training import divergence, ensembling
from darkroom_trainer.training.training_run import TrainingRun

LOG = logging.getLogger(__name__)


def score_round(run: TrainingRun, session: Session) -> halvings.Score:
    """Return the one score that recipes are compared by, of the network that trains now."""
    rows = run.rows.held_out
    predictions = inference.predict_rows(session.learner.model, run.task, run.data, rows, run.context.device)
    truths = annotations.build_truths(run.dataset, rows)
    return trial_scores.score_predictions(run.task.kind, predictions, truths, len(run.task.labels))


def score_winner(run: TrainingRun, session: Session) -> None:
    """Put the winner's scores into the session; raises RunError(TrainingDiverged) for a model that only guesses."""
    context, ledger = run.context, run.ledger
    context.report("Measuring on held-out images")
    run.task.tune(session.learner.model, run.data, run.rows.held_out)
    started = context.meter.charged_seconds
    predictions, truths, ensemble_weight = _predict(run, session)
    found = _build_hold_out(run, predictions, truths, ensemble_weight)
    took_seconds = context.meter.charged_seconds - started
    test = run.task.compare_with_baseline(predictions, truths)
    if test.is_no_better:
        ledger.refuse_if_too_short(session.learner.step)
        raise divergence.explain_run_guessing(run, test)
    image_seconds = costs.estimate_measuring_seconds(took_seconds, len(run.rows.held_out), ledger.costs)
    ledger.revise(predict_image_seconds=0.0, measure_image_seconds=image_seconds)
    session.measure_image_seconds = image_seconds
    session.hold_out = found
    LOG.info("hold-out score %s", found.performance.score, extra={"images": found.performance.images})


def score_unfinished(run: TrainingRun, session: Session) -> None:
    """Ready a cancelled run's model: weights from the middle of the hold-out run are scored where that fits."""
    run.task.finish(session.learner.model, session.learner.data)
    run.ledger.settle(RemainingWork.HOLD_OUT_FINISH, RemainingWork.FINISH)
    if session.stage is Stage.HOLD_OUT and run.ledger.may_start(
        RemainingWork.HOLD_OUT_SCORES, run.context.meter.charged_seconds
    ):
        session.hold_out = _build_hold_out(run, *_predict(run, session))
    run.ledger.settle(RemainingWork.HOLD_OUT_SCORES)


def _predict(run: TrainingRun, session: Session) -> tuple[list[Prediction], list[Truth], float]:
    """Return the model's predictions on the held-out images, their truths, and the head's ensemble weight."""
    rows = run.rows.held_out
    truths = annotations.build_truths(run.dataset, rows)
    if session.head is None:
        predictions = inference.predict_rows(session.learner.model, run.task, run.data, rows, run.context.device)
        return predictions, truths, 0.0
    predictions, ensemble_weight = ensembling.predict_ensemble(run, session, session.head)
    return predictions, truths, ensemble_weight


def _build_hold_out(
    run: TrainingRun, predictions: list[Prediction], truths: list[Truth], ensemble_weight: float
) -> HoldOut:
    """Return predictions with their scores and the threshold to show."""
    performance = run.task.measure(predictions, truths)
    threshold = run.task.choose_threshold(predictions, truths)
    return HoldOut(performance, predictions, threshold, ensemble_weight)
