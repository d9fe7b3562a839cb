"""Why a model learned nothing, in words that a user can act on.

Owns the message of TrainingDiverged. Must not decide that a training diverged: `metrics.statistics.baseline` does.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import torch

from darkroom_api.conditions import Reason
from darkroom_api.v1alpha1.common import Task
from darkroom_predict.predictions import Integers
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.metrics.statistics.baseline import BaselineTest
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.training.training_run import TrainingRun

FEW_IMAGES = 10
LOW_RESOLUTION_PX = 24
EXTREME_ASPECT = 4.0


def explain_run_guessing(run: TrainingRun, test: BaselineTest) -> RunError:
    """Return the end of a run whose model only guesses, with what in its data may be the cause."""
    return explain_guessing(run.task.kind, test, find_suspects(run.dataset, run.rows.usable, run.data.images))


def explain_run_non_finite(run: TrainingRun) -> RunError:
    """Return the end of a run whose loss diverged twice, with what in its data may be the cause."""
    return explain_non_finite(find_suspects(run.dataset, run.rows.usable, run.data.images))


def explain_guessing(task: Task, test: BaselineTest, suspects: Sequence[str]) -> RunError:
    """Return the end of a run whose model is no better than guessing on the hold-out."""
    if task.has_boxes and test.baseline == 0:
        found = f"it finds {test.score:.1%} of {test.count:,} held-out boxes"
    elif task.is_multilabel:
        found = (
            f"its average precision over {test.count:,} tags is {test.score:.3f}, "
            f"that of its answers given to other images {test.baseline:.3f}"
        )
    else:
        what = "held-out boxes that it finds" if task.has_boxes else "held-out images"
        found = (
            f"it is right on {test.score:.1%} of {test.count:,} {what}, "
            f"always answering the most common tag on {test.baseline:.1%}"
        )
    return RunError(Reason.TRAINING_DIVERGED, f"the model is no better than guessing: {found}. {_list(suspects)}")


def explain_non_finite(suspects: Sequence[str]) -> RunError:
    """Return the end of a run whose loss became infinite twice."""
    message = (
        f"the loss became infinite or not a number, also after a retry at a lower learning rate. {_list(suspects)}"
    )
    return RunError(Reason.TRAINING_DIVERGED, message)


def _list(suspects: Sequence[str]) -> str:
    return "Suspects: " + "; ".join(suspects)


def find_suspects(dataset: LoadedDataset, rows: Integers, images: torch.Tensor) -> list[str]:
    """Return what looks wrong with a dataset, most telling first; labels are always among them."""
    suspects = ["labels that do not match their images (look at some of them)"]
    clashing = count_clashing_copies(dataset, rows, images)
    if clashing:
        suspects.insert(0, f"{clashing:,} images that also appear under another tag")
    counts = np.bincount(
        [label for row in rows for label in dataset.examples[row].labels], minlength=len(dataset.labels)
    )
    rarest = int(counts.argmin())
    if counts[rarest] < FEW_IMAGES:
        suspects.append(f"few examples: tag {dataset.labels[rarest]!r} has {counts[rarest]}")
    sides = [(dataset.examples[row].width, dataset.examples[row].height) for row in rows]
    smallest = min(min(side) for side in sides)
    if smallest < LOW_RESOLUTION_PX:
        suspects.append(f"low resolution: the smallest side is {smallest} px")
    widest = max(max(side) / max(1, min(side)) for side in sides)
    if widest > EXTREME_ASPECT:
        suspects.append(f"extreme aspect ratio: up to {widest:.0f} to 1")
    return suspects


def count_clashing_copies(dataset: LoadedDataset, rows: Integers, images: torch.Tensor) -> int:
    """Return how many images (N, S, S, 3) are pixel for pixel another one with other labels."""
    labels_of: dict[bytes, list[tuple[int, ...]]] = {}
    for row in rows.tolist():
        digest = hashlib.blake2b(images[row].cpu().numpy().tobytes(), digest_size=16).digest()
        labels_of.setdefault(digest, []).append(tuple(sorted(dataset.examples[row].labels)))
    return sum(len(group) for group in labels_of.values() if len(set(group)) > 1)
