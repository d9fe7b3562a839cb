"""The `train` command: a hold-out run that is scored, then a final fit on everything, within the budget.

Owns the order of a training's stages. The score comes from the hold-out run, or from the evaluation dataset, measured
on the final model. The final fit goes on from the hold-out run's weights and sees all images, so that no step is lost:
on 400 digit scenes and 900 steps in all, 540 of them for the hold-out run, this gave mAP@50 0.973 on the evaluation
scenes, where 540 steps from scratch on all images gave 0.92. Must not know how a stage works.
"""

import logging
import pathlib
import threading
from typing import Final

from darkroom_api.report import Outcome
from darkroom_api.run_config import RunConfig
from darkroom_trainer import (
    annotations,
    budget,
    device,
    divergence,
    fitting,
    inference,
    publishing,
    reporting,
    setup,
    stopping,
    training_run,
)
from darkroom_trainer.checkpoints import receipts, sessions
from darkroom_trainer.meter import Meter
from darkroom_trainer.parallel import crew
from darkroom_trainer.tasks.predictions import Prediction, Truth

LOG = logging.getLogger(__name__)

FINAL_RATE: Final = 0.5
"""Peak learning rate of the final fit, as a part of the first: it goes on from good weights."""


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
        session = fitter.begin()
        if not config.publish_only:
            train_session(run, fitter, session)
    return keep_best(run, session) if config.publish_only else publishing.publish_model(run, session)


def train_session(run: training_run.TrainingRun, fitter: fitting.Fitter, session: sessions.Session) -> None:
    """Take a session through the stages that it has not ended yet; raises as `train_model` does."""
    if session.stage is sessions.Stage.HOLD_OUT:
        fitter.fit(session)
        try:
            session.hold_out = score_hold_out(run, session)
        except stopping.RunStopped:
            fitter.save(session)
            raise
        fitter.begin_final(session, FINAL_RATE)
    if session.stage is sessions.Stage.FINAL:
        fitter.fit(session)
        fitter.finish(session)


def keep_best(run: training_run.TrainingRun, session: sessions.Session) -> Outcome:
    """Publish what a cancelled run's newest checkpoint holds, without a step more; returns the Cancelled outcome.

    Weights from the middle of the hold-out run are scored on the held-out images first, where that fits the budget.
    """
    scoring = budget.compute_scoring(run.costs, len(run.rows.held_out))
    if session.stage is sessions.Stage.HOLD_OUT and run.fits(scoring):
        predictions, truths = predict_hold_out(run, session)
        session.hold_out = build_hold_out(run, predictions, truths)
    return publishing.publish_cancelled(run, session)


def score_hold_out(run: training_run.TrainingRun, session: sessions.Session) -> sessions.HoldOut:
    """Return the scores on the held-out images; raises RunError(TrainingDiverged) for a model that only guesses."""
    run.place.report("Measuring on held-out images")
    started = run.place.meter.charged_seconds
    predictions, truths = predict_hold_out(run, session)
    test = run.task.compare_with_baseline(predictions, truths)
    if test.is_no_better:
        refuse_if_too_short(run, session)
        suspects = divergence.find_suspects(run.dataset, run.rows.usable, run.data.images)
        raise divergence.explain_guessing(run.task.kind, test, suspects)
    found = build_hold_out(run, predictions, truths)
    session.measure_image = (run.place.meter.charged_seconds - started) / len(run.rows.held_out)
    run.learn_measuring(session.measure_image)
    LOG.info("hold-out score %s", found.performance.score, extra={"images": found.performance.images})
    return found


def predict_hold_out(run: training_run.TrainingRun, session: sessions.Session) -> tuple[list[Prediction], list[Truth]]:
    """Return the model's predictions on the held-out images, and their truths."""
    rows = run.rows.held_out
    predictions = inference.predict_rows(session.learner.model, run.task, run.data, rows, run.place.device)
    return predictions, annotations.build_truths(run.dataset, rows)


def build_hold_out(
    run: training_run.TrainingRun, predictions: list[Prediction], truths: list[Truth]
) -> sessions.HoldOut:
    """Return predictions with their scores and the threshold to show."""
    performance = run.task.measure(predictions, truths)
    return sessions.HoldOut(performance, predictions, run.task.choose_threshold(predictions, truths))


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
