"""What a finished training doubts about its data: advice of the inspection, shared pictures, suspected tags.

Owns where these come from; each is found by `data`. Must not decide anything from them.
"""

from typing import Any

from darkroom_predict.decoding import tags
from darkroom_trainer.checkpoints.sessions import Session
from darkroom_trainer.data.inspection import advice, label_errors
from darkroom_trainer.data.records.findings import Advice
from darkroom_trainer.training import training_run


def find_advice(run: training_run.TrainingRun) -> tuple[Advice, ...]:
    """Return what to look at in the data that was learned from and, together with it, in the evaluation dataset."""
    shared = advice.compare_datasets(run.dataset, run.evaluation.dataset) if run.evaluation else ()
    return (*run.dataset.advice, *shared)


def suspect_tags(run: training_run.TrainingRun, session: Session) -> list[dict[str, Any]]:
    """Return the images whose tags are doubted by models that had not seen them: all that were ever kept out."""
    light, hold_out = session.light, session.hold_out
    if light is not None and len(light.rows):
        predictions = tags.rank_tags(light.probabilities.numpy())
        return label_errors.suspect_labels(run.dataset, light.rows.numpy(), predictions)
    if hold_out is None:
        return []
    return label_errors.suspect_labels(run.dataset, run.rows.held_out, hold_out.predictions)
