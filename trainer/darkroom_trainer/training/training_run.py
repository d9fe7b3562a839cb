"""One training as its stages see it: what it works for, on what data, with which recipes.

Owns the inputs of a training, frozen; what is left to do, and at what cost, is in its ledger. Must not read or train
anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from darkroom_predict import predictions
from darkroom_predict.description import Preprocessing
from darkroom_trainer.budget.ledger import RunLedger
from darkroom_trainer.checkpoints import checkpoint
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.loop import training_loop
from darkroom_trainer.networks.frozen_networks import FrozenNetwork
from darkroom_trainer.search import measuring, pretrained as pretraining
from darkroom_trainer.tasks import base
from darkroom_trainer.training.run_context import RunContext


@dataclass(frozen=True)
class Rows:
    """Which images of the dataset are trained on in the hold-out run, which score it, and all that can be used."""

    train: predictions.Integers
    held_out: predictions.Integers
    usable: predictions.Integers


@dataclass(frozen=True)
class Measurable:
    """The evaluation dataset, decoded."""

    dataset: LoadedDataset
    data: training_loop.TrainingData


@dataclass(frozen=True)
class TrainingRun:
    """A training, prepared.

    `data` holds all images, `frozen` the networks whose features a new session may use, `measured_recipes` what was
    timed, best last, `saved` what an earlier attempt left.
    """

    context: RunContext
    task: base.LearningTask
    dataset: LoadedDataset
    rows: Rows
    data: training_loop.TrainingData
    evaluation: Measurable | None
    preprocessing: Preprocessing
    pretrained: pretraining.Pretrained
    frozen: Mapping[str, FrozenNetwork]
    measured_recipes: list[measuring.MeasuredRecipe]
    ledger: RunLedger
    store: checkpoint.CheckpointStore | None
    saved: checkpoint.Checkpoint | None

    @property
    def measured_recipe(self) -> measuring.MeasuredRecipe:
        """Return the recipe that the search starts from, with its costs."""
        return self.measured_recipes[-1]
