"""A finished model measured on a dataset with torch.

Owns the way from a model's folder to scores. Must not know storage, or write anything.
"""

import pathlib

import torch

from darkroom_api.v1alpha1.common import MeasuredOn
from darkroom_predict.description import ModelDescription
from darkroom_trainer.data import annotations
from darkroom_trainer.data.records.dataset import LoadedDataset
from darkroom_trainer.export.results import Measured
from darkroom_trainer.loop import inference, preparation
from darkroom_trainer.loop.training_loop import TrainingData
from darkroom_trainer.prediction import torch_predictor
from darkroom_trainer.runtime.device import Device, prepare_device
from darkroom_trainer.runtime.reporting import Reporter
from darkroom_trainer.tasks.base import LearningTask


def measure_model(
    folder: pathlib.Path, model: ModelDescription, dataset: LoadedDataset, work: pathlib.Path, reporter: Reporter
) -> Measured:
    """Return the scores of the model in `folder` on a dataset whose tags are the model's.

    Raises RunError(InvalidConfiguration) where the weights do not fit the description.
    """
    ready = torch_predictor.build_predictor(folder, model, prepare_device())
    rows = annotations.find_usable_rows(dataset, model.task)
    data = preparation.build_data(dataset, rows, ready.task, model.preprocessing, ready.device, work, reporter)
    return measure_data(ready.model, ready.task, dataset, data, ready.device)


def measure_data(
    model: torch.nn.Module, task: LearningTask, dataset: LoadedDataset, data: TrainingData, device: Device
) -> Measured:
    """Return the scores of a model on a decoded dataset that it has not learned from."""
    predictions = inference.predict_rows(model, task, data, data.rows, device)
    truths = annotations.build_truths(dataset, data.rows)
    performance = task.measure(predictions, truths)
    performance = performance.model_copy(update={"measured_on": MeasuredOn.EVALUATION_DATASET})
    return Measured(dataset, data.rows, predictions, truths, performance)
