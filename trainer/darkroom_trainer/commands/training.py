"""The `train` command: a search that is scored on held-out images, then a final fit on everything, within the budget.

Owns the order of a training's stages. The score comes from the search's winner, or from the evaluation dataset,
measured on the final model. The final fit goes on from the winner's weights and sees all images, so that no step is
lost: on 400 digit scenes and 900 steps in all, 540 of them for the hold-out run, this gave mAP@50 0.973 on the
evaluation scenes, where 540 steps from scratch on all images gave 0.92. Must not know how a stage works.
"""

import logging
import pathlib
import threading
from typing import Final

from darkroom_api.report import Outcome
from darkroom_api.run_config import RunConfig
from darkroom_api.v1alpha1.common import StopReason
from darkroom_predict.predictions import Prediction, Truth
from darkroom_trainer.budget import budget
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.checkpoints import receipts, sessions
from darkroom_trainer.data import annotations
from darkroom_trainer.loop import inference, training_loop
from darkroom_trainer.parallel import crew
from darkroom_trainer.runtime import device, reporting, stopping
from darkroom_trainer.training import divergence, fitting, frozen_features, searching, setup, training_run
from darkroom_trainer.training.publication import publishing

LOG = logging.getLogger(__name__)

FINAL_RATE: Final = 0.5
"""Peak learning rate of the final fit, as a part of the first: it goes on from good weights."""
EARLY_FINAL_SHARE: Final = 1.0
"""Length of the final fit after a search that stopped early, in lengths of the winner's last round."""


def train_model(
    config: RunConfig, work: pathlib.Path, reporter: reporting.Reporter, stop: threading.Event, meter: Meter
) -> Outcome:
    """Train a model within `config.budget_seconds` and publish it; returns the successful outcome.

    Raises RunError: InvalidConfiguration, DatasetCorrupt, DatasetNotFound, StorageUnavailable, BudgetNotEnough,
    TrainingDiverged; RunStopped after a checkpoint.
    """
    published = receipts.find_receipt(config, meter)
    if published is not None:
        return published
    place = training_run.Place(config, work, reporter, stop, meter, device.prepare_device(config.devices))
    with crew.Crew(1 if config.publish_only else config.devices, work, stop) as peers:
        try:
            run = setup.prepare_run(place)
        except setup.NothingKept:
            return publishing.end_without_model(config)
        fitter = fitting.Fitter(run, peers)
        session = open_session(run, fitter)
        if not config.publish_only:
            train_session(run, fitter, session)
    return keep_best(run, session) if config.publish_only else publishing.publish_model(run, session)


def open_session(run: training_run.TrainingRun, fitter: fitting.Fitter) -> sessions.Session:
    """Return the session that the newest checkpoint holds, or a new one with its first window open."""
    session = fitter.begin()
    if run.saved is None:
        session.note = run.pretrained.explain_missing()
        session.light = frozen_features.search_light(run)
        if session.stage is sessions.Stage.FINAL:
            fitter.begin_final(session, 1.0)
    if session.light is not None and not run.place.config.publish_only:
        run.learn_light(frozen_features.measure_image(run, session.light))
    has_begun = session.stage is not sessions.Stage.HOLD_OUT or session.contest is not None
    if not has_begun and not run.place.config.publish_only:
        searching.begin_search(run, fitter, session)
    return session


def train_session(run: training_run.TrainingRun, fitter: fitting.Fitter, session: sessions.Session) -> None:
    """Take a session through the stages that it has not ended yet; raises as `train_model` does."""
    if session.stage is sessions.Stage.HOLD_OUT:
        searching.run_search(run, fitter, session)
        try:
            session.hold_out = score_hold_out(run, session)
        except stopping.RunStopped:
            fitter.save(session)
            raise
        judge_stop(session)
        fitter.begin_final(session, FINAL_RATE, limit_final(session))
    if session.stage is sessions.Stage.FINAL:
        fit_final(fitter, session)
        fitter.finish(session)


def judge_stop(session: sessions.Session) -> None:
    """Say NoProgress where networks spent their share of the budget and have none in the answers: more is no use."""
    contest, has_lost = session.contest, session.light_share == 1
    if has_lost and contest is not None and contest.stop_reason is StopReason.BUDGET_REACHED:
        contest.stop_reason = StopReason.NO_PROGRESS


def limit_final(session: sessions.Session) -> float | None:
    """Return how long the final fit may take, in charged seconds; None for all that is left.

    Where a longer search would not have helped, a longer final fit would not either; and a network that has no share
    in the answers needs none.
    """
    contest = session.contest
    assert contest is not None, "the search came first"
    if session.light_share == 1:
        return 0.0
    if contest.stop_reason is StopReason.BUDGET_REACHED:
        return None
    return EARLY_FINAL_SHARE * contest.round_seconds


def fit_final(fitter: fitting.Fitter, session: sessions.Session) -> None:
    """Train through the final window; raises RunError(TrainingDiverged) where there is no scored model to keep."""
    try:
        fitter.fit(session)
    except training_loop.NonFiniteLoss as error:
        raise fitter.explain_divergence() from error


def keep_best(run: training_run.TrainingRun, session: sessions.Session) -> Outcome:
    """Publish what a cancelled run's newest checkpoint holds, without a step more; returns the Cancelled outcome.

    Weights from the middle of the hold-out run are scored on the held-out images first, where that fits the budget.
    """
    run.task.finish(session.learner.model, session.learner.data)
    scoring = budget.compute_scoring(run.costs, len(run.rows.held_out))
    if session.stage is sessions.Stage.HOLD_OUT and run.fits(scoring):
        session.hold_out = build_hold_out(run, *predict_hold_out(run, session))
    return publishing.publish_cancelled(run, session)


def score_hold_out(run: training_run.TrainingRun, session: sessions.Session) -> sessions.HoldOut:
    """Return the scores on the held-out images; raises RunError(TrainingDiverged) for a model that only guesses."""
    run.place.report("Measuring on held-out images")
    run.task.tune(session.learner.model, run.data, run.rows.held_out)
    started = run.place.meter.charged_seconds
    predictions, truths, share = predict_hold_out(run, session)
    found = build_hold_out(run, predictions, truths, share)
    took = run.place.meter.charged_seconds - started
    test = run.task.compare_with_baseline(predictions, truths)
    if test.is_no_better:
        refuse_if_too_short(run, session)
        suspects = divergence.find_suspects(run.dataset, run.rows.usable, run.data.images)
        raise divergence.explain_guessing(run.task.kind, test, suspects)
    session.measure_image = budget.learn_measure_image(took, len(run.rows.held_out), run.network_costs)
    run.learn_measuring(session.measure_image)
    LOG.info("hold-out score %s", found.performance.score, extra={"images": found.performance.images})
    return found


def predict_hold_out(
    run: training_run.TrainingRun, session: sessions.Session
) -> tuple[list[Prediction], list[Truth], float]:
    """Return the model's predictions on the held-out images, their truths, and the light head's share in them."""
    rows = run.rows.held_out
    truths = annotations.build_truths(run.dataset, rows)
    if session.light is None:
        predictions = inference.predict_rows(session.learner.model, run.task, run.data, rows, run.place.device)
        return predictions, truths, 0.0
    predictions, share = frozen_features.predict_blended(run, session, session.light)
    return predictions, truths, share


def build_hold_out(
    run: training_run.TrainingRun, predictions: list[Prediction], truths: list[Truth], light_share: float
) -> sessions.HoldOut:
    """Return predictions with their scores and the threshold to show."""
    performance = run.task.measure(predictions, truths)
    threshold = run.task.choose_threshold(predictions, truths)
    return sessions.HoldOut(performance, predictions, threshold, light_share)


def refuse_if_too_short(run: training_run.TrainingRun, session: sessions.Session) -> None:
    """Raise RunError(BudgetNotEnough) where the machine became so slow that the model had no chance to learn.

    The plan rests on steps measured at the start; a model that got less than half of the least useful training says
    nothing about its data.
    """
    workload = run.build_workload()
    least_steps = budget.compute_least_steps(workload, run.task.least_passes) * budget.HOLD_OUT_SHARE
    if session.learner.step < least_steps / 2:
        total = run.place.budget_seconds
        raise budget.refuse_budget(total, 2 * total, 2 * budget.SUGGESTED_FACTOR * total, workload)
