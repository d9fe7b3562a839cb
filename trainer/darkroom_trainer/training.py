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
from darkroom_trainer import annotations, budget, divergence
from darkroom_trainer.device import prepare_device
from darkroom_trainer.fitting import Fitter
from darkroom_trainer.inference import predict_rows
from darkroom_trainer.meter import Meter
from darkroom_trainer.publishing import publish_model
from darkroom_trainer.reporting import Reporter
from darkroom_trainer.sessions import HoldOut, Session, Stage
from darkroom_trainer.setup import prepare_run
from darkroom_trainer.training_run import Place, TrainingRun

LOG = logging.getLogger(__name__)

FINAL_RATE: Final = 0.5
"""Peak learning rate of the final fit, as a part of the first: it goes on from good weights."""


def train_model(
    config: RunConfig, work: pathlib.Path, reporter: Reporter, stop: threading.Event, meter: Meter
) -> Outcome:
    """Train a model within `config.budget_seconds` and publish it; returns the successful outcome.

    Raises RunError: InvalidConfiguration, DatasetCorrupt, DatasetNotFound, StorageUnavailable, BudgetNotEnough,
    TrainingDiverged; RunStopped after a checkpoint.
    """
    run = prepare_run(Place(config, work, reporter, stop, meter, prepare_device()))
    fitter = Fitter(run)
    session = fitter.begin()
    if session.stage is Stage.HOLD_OUT:
        fitter.fit(session)
        session.hold_out = score_hold_out(run, session)
        fitter.begin_final(session, FINAL_RATE)
    fitter.fit(session)
    return publish_model(run, session)


def score_hold_out(run: TrainingRun, session: Session) -> HoldOut:
    """Return the scores on the held-out images; raises RunError(TrainingDiverged) for a model that only guesses."""
    run.place.report("Measuring on held-out images")
    rows = run.rows.held_out
    predictions = predict_rows(session.learner.model, run.task, run.data, rows, run.place.device)
    truths = annotations.build_truths(run.dataset, rows)
    test = run.task.compare_with_baseline(predictions, truths)
    if test.is_no_better:
        refuse_if_too_short(run, session)
        suspects = divergence.find_suspects(run.dataset, run.rows.usable, run.data.images)
        raise divergence.explain_guessing(run.task.kind, test, suspects)
    performance = run.task.measure(predictions, truths)
    LOG.info("hold-out score %s", performance.score, extra={"images": performance.images})
    return HoldOut(performance, predictions, run.task.choose_threshold(predictions, truths))


def refuse_if_too_short(run: TrainingRun, session: Session) -> None:
    """Raise RunError(BudgetNotEnough) where the machine became so slow that the model had no chance to learn.

    The plan rests on steps measured at the start; a model that got less than half of the least useful training says
    nothing about its data.
    """
    workload = run.build_workload()
    least_steps = budget.compute_least_steps(workload, run.task.least_passes) * budget.HOLD_OUT_SHARE
    if session.learner.step < least_steps / 2:
        total = run.place.budget_seconds
        raise budget.refuse_budget(total, 2 * total, 2 * budget.SUGGESTED_FACTOR * total, workload)
