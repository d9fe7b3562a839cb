"""The scores that a finished training is published with.

Owns which images they are of. Must not change the model.
"""

import torch

from darkroom_api.v1alpha1.common import MeasuredOn
from darkroom_trainer.budget.ledger import RemainingWork
from darkroom_trainer.checkpoints.sessions import Session
from darkroom_trainer.data import annotations
from darkroom_trainer.export.results import Measured
from darkroom_trainer.loop import inference
from darkroom_trainer.training.training_run import TrainingRun


def measure_model(run: TrainingRun, session: Session, model: torch.nn.Module) -> Measured | None:
    """Return the final model's scores on the evaluation dataset, else the hold-out run's on its own images."""
    if run.evaluation is None:
        if session.hold_out is None:
            return None
        rows = run.rows.held_out
        truths = annotations.build_truths(run.dataset, rows)
        return Measured(run.dataset, rows, session.hold_out.predictions, truths, session.hold_out.performance)
    data, dataset = run.evaluation.data, run.evaluation.dataset
    predictions = inference.predict_rows(model, run.task, data, data.rows, run.context.device)
    truths = annotations.build_truths(dataset, data.rows)
    performance = run.task.measure(predictions, truths)
    performance = performance.model_copy(update={"measured_on": MeasuredOn.EVALUATION_DATASET})
    run.ledger.settle(RemainingWork.EVALUATION)
    return Measured(dataset, data.rows, predictions, truths, performance)
