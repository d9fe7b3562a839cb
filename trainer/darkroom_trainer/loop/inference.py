"""Predictions of a model over many images. Must not know budgets or where images come from."""

from collections.abc import Callable, Iterator

import torch

from darkroom_predict.predictions import Integers, Prediction
from darkroom_trainer.features.normalization import normalize_in_place, to_float
from darkroom_trainer.loop.training_loop import TrainingData
from darkroom_trainer.runtime.device import Device
from darkroom_trainer.runtime.reporting import IMAGES_PROCESSED
from darkroom_trainer.tasks.base import LearningTask

BATCH_SIZE = 64


def compute_outputs(model: torch.nn.Module, data: TrainingData, rows: Integers, device: Device) -> torch.Tensor:
    """Return the model's raw outputs for each row of `data`, in float32 on the CPU."""
    outputs: list[torch.Tensor] = []
    _run(model, data, rows, device, lambda found: outputs.append(found.float().cpu()))
    return torch.cat(outputs)


def predict_rows(
    model: torch.nn.Module, task: LearningTask, data: TrainingData, rows: Integers, device: Device
) -> list[Prediction]:
    """Return one Prediction for each row of `data`, and leave the model in the mode it was in."""
    predictions: list[Prediction] = []

    def decode(outputs: torch.Tensor) -> None:
        predictions.extend(task.decode(outputs))
        IMAGES_PROCESSED.labels(stage="predict").inc(len(outputs))

    _run(model, data, rows, device, decode)
    return predictions


def _run(
    model: torch.nn.Module, data: TrainingData, rows: Integers, device: Device, take: Callable[[torch.Tensor], None]
) -> None:
    """Hand the model's raw outputs for the rows to `take`, batch by batch."""
    was_training = model.training
    model.eval()
    with torch.inference_mode(), device.mixed_precision():
        for chunk in _split(rows):
            at = torch.from_numpy(chunk)
            images = data.images[at.to(data.images.device)].to(device.torch_device)
            take(model(normalize_in_place(to_float(images), data.mean, data.std)))
    model.train(was_training)


def _split(rows: Integers) -> Iterator[Integers]:
    for start in range(0, len(rows), BATCH_SIZE):
        yield rows[start : start + BATCH_SIZE]
