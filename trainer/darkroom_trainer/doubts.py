"""What a finished training doubts about its data: advice of the inspection, shared pictures, suspected tags.

Owns where these come from; each is found by `data`. Must not decide anything from them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from darkroom_trainer import training_run
from darkroom_trainer.checkpoints.sessions import Session
from darkroom_trainer.data import advice, label_errors
from darkroom_trainer.data.findings import Advice
from darkroom_trainer.tasks.predictions import Prediction

NO_BOXES = np.zeros((0, 4), dtype=np.float32)


def find_advice(run: training_run.TrainingRun) -> tuple[Advice, ...]:
    """Return what to look at in the data that was learned from and, together with it, in the evaluation dataset."""
    shared = advice.compare_datasets(run.dataset, run.evaluation.dataset) if run.evaluation else ()
    return (*run.dataset.advice, *shared)


def suspect_tags(run: training_run.TrainingRun, session: Session) -> list[dict[str, Any]]:
    """Return the images whose tags are doubted by models that had not seen them: all that were ever kept out."""
    light, hold_out = session.light, session.hold_out
    if light is not None and len(light.rows):
        predictions = rank_tags(light.probabilities.numpy())
        return label_errors.suspect_labels(run.dataset, light.rows.numpy(), predictions)
    if hold_out is None:
        return []
    return label_errors.suspect_labels(run.dataset, run.rows.held_out, hold_out.predictions)


def rank_tags(probabilities: npt.NDArray[np.float32]) -> Sequence[Prediction]:
    """Return a Prediction of all tags, best first, for each row of (N, C)."""
    orders = np.argsort(-probabilities, axis=1, kind="stable")
    return [Prediction(order, row[order], NO_BOXES) for row, order in zip(probabilities, orders, strict=True)]
