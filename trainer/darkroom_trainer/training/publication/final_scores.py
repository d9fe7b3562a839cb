"""The scores that a finished training is published with.

Owns which images they are of. Must not change the model.
"""

import torch

from darkroom_trainer.budget.ledger import RemainingWork
from darkroom_trainer.checkpoints.sessions import Session
from darkroom_trainer.data import annotations
from darkroom_trainer.export.results import Measured
from darkroom_trainer.prediction import measurement
from darkroom_trainer.training.training_run import TrainingRun


def measure_model(run: TrainingRun, session: Session, model: torch.nn.Module) -> Measured | None:
    """Return the final model's scores on the evaluation dataset, else those on images that were held out.

    What the former take tells how slow the machine is now.
    """
    if run.evaluation is not None:
        dataset, data, meter = run.evaluation.dataset, run.evaluation.data, run.context.meter
        started = meter.charged_seconds
        measured = measurement.measure_data(model, run.task, dataset, data, run.context.device)
        run.ledger.compare_scoring(meter.charged_seconds - started, len(measured.rows))
        run.ledger.settle(RemainingWork.EVALUATION)
        return measured
    if session.hold_out is None:
        return None
    hold_out, rows = session.hold_out, run.rows.held_out
    if session.head is not None and session.head_alone is not None:
        rows = session.head.rows.numpy()
    truths = annotations.build_truths(run.dataset, rows)
    return Measured(run.dataset, rows, hold_out.predictions, truths, hold_out.performance)
