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
    sessions,
    setup,
    training_run,
)
from darkroom_trainer.meter import Meter

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
    run = setup.prepare_run(training_run.Place(config, work, reporter, stop, meter, device.prepare_device()))
    fitter = fitting.Fitter(run)
    session = fitter.begin()
    if session.stage is sessions.Stage.HOLD_OUT:
        fitter.fit(session)
        session.hold_out = score_hold_out(run, session)
        fitter.begin_final(session, FINAL_RATE)
    fitter.fit(session)
    return publishing.publish_model(run, session)


def score_hold_out(run: training_run.TrainingRun, session: sessions.Session) -> sessions.HoldOut:
    """Return the scores on the held-out images; raises RunError(TrainingDiverged) for a model that only guesses."""
    run.place.report("Measuring on held-out images")
    rows = run.rows.held_out
    predictions = inference.predict_rows(session.learner.model, run.task, run.data, rows, run.place.device)
    truths = annotations.build_truths(run.dataset, rows)
    test = run.task.compare_with_baseline(predictions, truths)
    if test.is_no_better:
        refuse_if_too_short(run, session)
        suspects = divergence.find_suspects(run.dataset, run.rows.usable, run.data.images)
        raise divergence.explain_guessing(run.task.kind, test, suspects)
    performance = run.task.measure(predictions, truths)
    LOG.info("hold-out score %s", performance.score, extra={"images": performance.images})
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
