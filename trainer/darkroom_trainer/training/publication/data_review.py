"""What a finished training found wrong with its data: advice of the inspection, shared pictures, label errors.

Owns where these come from; each is found by `data`. Must not decide anything from them.
"""

from typing import Any

from darkroom_predict.decoding import tags
from darkroom_trainer.checkpoints.sessions import Session
from darkroom_trainer.data.inspection import advice, label_errors
from darkroom_trainer.data.records.findings import Advice
from darkroom_trainer.training.training_run import TrainingRun


def find_advice(run: TrainingRun) -> tuple[Advice, ...]:
    """Return what to look at in the data that was learned from and, together with it, in the evaluation dataset."""
    shared = advice.compare_datasets(run.dataset, run.evaluation.dataset) if run.evaluation else ()
    return (*run.dataset.advice, *shared)


def find_label_errors(run: TrainingRun, session: Session) -> list[dict[str, Any]]:
    """Return the images whose tags look wrong to models that had not seen them: all that were ever held out."""
    head, hold_out = session.head, session.hold_out
    if head is not None and len(head.rows):
        predictions = tags.rank_tags(head.probabilities.numpy())
        return label_errors.list_label_errors(run.dataset, head.rows.numpy(), predictions)
    if hold_out is None:
        return []
    return label_errors.list_label_errors(run.dataset, run.rows.held_out, hold_out.predictions)
