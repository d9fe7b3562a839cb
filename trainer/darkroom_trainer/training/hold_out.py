"""How good a training's models are on images that they have not seen: after each round, and once a winner is known.

Owns what is scored and what that tells of later costs. A network, alone or beside a head, is scored on the held-out
images, a head that answers alone on all that cross-validation kept from a fit of it. Must not train, or decide between
recipes.
"""

import logging

from darkroom_api.v1alpha1.common import StopReason
from darkroom_predict.predictions import Prediction, Truth
from darkroom_trainer.budget import costs
from darkroom_trainer.budget.ledger import RemainingWork
from darkroom_trainer.checkpoints.sessions import FittedHead, HoldOut, Session, Stage
from darkroom_trainer.data import annotations
from darkroom_trainer.loop import inference
from darkroom_trainer.parallel import lone_trial
from darkroom_trainer.search.halving import Score
from darkroom_trainer.training import divergence, ensembling
from darkroom_trainer.training.training_run import TrainingRun

LOG = logging.getLogger(__name__)

Answers = tuple[list[Prediction], list[Truth]]


def score_round(run: TrainingRun, session: Session) -> Score:
    """Return the one score that recipes are compared by, of the network that trains now."""
    rows = run.rows.held_out
    return lone_trial.score_learner(session.learner, rows, annotations.build_truths(run.dataset, rows))


def score_winner(run: TrainingRun, session: Session) -> None:
    """Put the winner's scores into the session; raises RunError(TrainingDiverged) for a model that only guesses."""
    context, ledger = run.context, run.ledger
    context.report("Measuring on held-out images")
    run.task.tune(session.learner.model, run.data, run.rows.held_out)
    started = context.meter.charged_seconds
    answers, ensemble_weight = _predict(run, session)
    if session.head is not None and ensemble_weight == 1:
        _refuse_guessing(run, session, ensembling.predict_head(run, session.head))
        score_head(run, session, session.head, judge_lost_search(session))
        return
    found = _build_hold_out(run, answers, ensemble_weight)
    took_seconds = context.meter.charged_seconds - started
    _refuse_guessing(run, session, answers)
    image_seconds = costs.estimate_measuring_seconds(took_seconds, len(run.rows.held_out), ledger.costs)
    ledger.revise(predict_image_seconds=0.0, measure_image_seconds=image_seconds)
    session.measure_image_seconds = image_seconds
    session.hold_out = found
    LOG.info("hold-out score %s", found.performance.score, extra={"images": found.performance.images})


def _refuse_guessing(run: TrainingRun, session: Session, answers: Answers) -> None:
    """Raise RunError where answers are shown to be no better than guessing."""
    test = run.task.compare_with_baseline(*answers)
    if test.is_no_better:
        run.ledger.refuse_if_too_short(session.learner.step)
        raise divergence.explain_run_guessing(run, test)


def judge_lost_search(session: Session) -> StopReason:
    """Return why a search ended whose networks have no part in the model: they spent the budget to no effect."""
    reason = session.halving.stop_reason if session.halving else None
    return StopReason.NO_PROGRESS if reason in (None, StopReason.BUDGET_REACHED) else reason


def score_head(run: TrainingRun, session: Session, head: FittedHead, reason: StopReason) -> None:
    """Note that the head answers alone, with its scores where any image was kept from a fit of it."""
    session.head_alone = reason
    session.hold_out = _build_hold_out(run, ensembling.predict_head(run, head), 1.0) if len(head.rows) else None
    session.waiting.clear()
    run.ledger.revise(predict_image_seconds=0.0)
    session.measure_image_seconds = run.ledger.costs.measure_image_seconds
    run.ledger.settle(RemainingWork.HOLD_OUT_FINISH, RemainingWork.HOLD_OUT_SCORES, RemainingWork.FINISH)
    score = session.hold_out.performance.score if session.hold_out else None
    LOG.info("the frozen-feature classifier answers alone (%s): score %s", reason, score)


def score_unfinished(run: TrainingRun, session: Session) -> None:
    """Ready a cancelled run's model: weights from the middle of the hold-out run are scored where that fits."""
    run.task.finish(session.learner.model, session.learner.data)
    run.ledger.settle(RemainingWork.HOLD_OUT_FINISH, RemainingWork.FINISH)
    if session.stage is Stage.HOLD_OUT and run.ledger.may_start(
        RemainingWork.HOLD_OUT_SCORES, run.context.meter.charged_seconds
    ):
        answers, ensemble_weight = _predict(run, session)
        if session.head is not None and ensemble_weight == 1:
            score_head(run, session, session.head, judge_lost_search(session))
        else:
            session.hold_out = _build_hold_out(run, answers, ensemble_weight)
    run.ledger.settle(RemainingWork.HOLD_OUT_SCORES)


def _predict(run: TrainingRun, session: Session) -> tuple[Answers, float]:
    """Return the model's predictions on the held-out images with their truths, and the head's ensemble weight."""
    rows = run.rows.held_out
    truths = annotations.build_truths(run.dataset, rows)
    if session.head is None:
        predictions = inference.predict_rows(session.learner.model, run.task, run.data, rows, run.context.device)
        return (predictions, truths), 0.0
    predictions, ensemble_weight = ensembling.predict_ensemble(run, session, session.head)
    return (predictions, truths), ensemble_weight


def _build_hold_out(run: TrainingRun, answers: Answers, ensemble_weight: float) -> HoldOut:
    """Return predictions with their scores and the threshold to show."""
    performance = run.task.measure(*answers)
    threshold = run.task.choose_threshold(*answers)
    return HoldOut(performance, answers[0], threshold, ensemble_weight)
