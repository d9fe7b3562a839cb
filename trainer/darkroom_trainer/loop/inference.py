"""Predictions of a model over many images. Must not know budgets or where images come from."""

from collections.abc import Iterator

import torch

from darkroom_predict.predictions import Integers, Prediction
from darkroom_trainer.loop.training_loop import TrainingData, normalize, to_float
from darkroom_trainer.runtime.device import Device
from darkroom_trainer.runtime.reporting import IMAGES_PROCESSED
from darkroom_trainer.tasks.base import LearningTask

BATCH_SIZE = 64


def compute_outputs(model: torch.nn.Module, data: TrainingData, rows: Integers, device: Device) -> torch.Tensor:
    """Return the model's raw outputs for each row of `data`, in float32 on the CPU."""
    was_training = model.training
    model.eval()
    outputs: list[torch.Tensor] = []
    with torch.inference_mode(), device.mixed_precision():
        for chunk in _split(rows):
            at = torch.from_numpy(chunk)
            images = data.images[at.to(data.images.device)].to(device.torch_device)
            outputs.append(model(normalize(to_float(images), data)).float().cpu())
    model.train(was_training)
    return torch.cat(outputs)


def predict_rows(
    model: torch.nn.Module, task: LearningTask, data: TrainingData, rows: Integers, device: Device
) -> list[Prediction]:
    """Return one Prediction for each row of `data`, and leave the model in the mode it was in."""
    was_training = model.training
    model.eval()
    predictions: list[Prediction] = []
    with torch.inference_mode(), device.mixed_precision():
        for chunk in _split(rows):
            at = torch.from_numpy(chunk)
            images = data.images[at.to(data.images.device)].to(device.torch_device)
            predictions += task.decode(model(normalize(to_float(images), data)))
            IMAGES_PROCESSED.labels(stage="predict").inc(len(chunk))
    model.train(was_training)
    return predictions


def _split(rows: Integers) -> Iterator[Integers]:
    for start in range(0, len(rows), BATCH_SIZE):
        yield rows[start : start + BATCH_SIZE]
