"""A finished model made ready to predict: its description, its weights, its task.

Owns the way from a model folder to answers about pictures. Must not measure, and must not know storage.
"""

import json
import pathlib
from dataclasses import dataclass

import safetensors.torch
import torch

from darkroom_api.conditions import Reason
from darkroom_predict import predictions
from darkroom_predict.description import WEIGHTS_NAME, ModelDescription, read_version
from darkroom_predict.images import Pixels
from darkroom_trainer.heads import ensemble as ensembles
from darkroom_trainer.loop import inference, preparation
from darkroom_trainer.runtime import device as devices, errors
from darkroom_trainer.tasks import base, registry


@dataclass(frozen=True)
class TorchPredictor:
    """A model on a device."""

    description: ModelDescription
    task: base.LearningTask
    model: torch.nn.Module
    device: devices.Device

    def predict(self, pixels: Pixels) -> list[predictions.Prediction]:
        """Return one Prediction for each decoded image (N, S, S, 3)."""
        data = preparation.build_unlabelled(pixels, self.description.preprocessing, self.device)
        return inference.predict_rows(self.model, self.task, data, data.rows, self.device)


def build_predictor(folder: pathlib.Path, description: ModelDescription, device: devices.Device) -> TorchPredictor:
    """Return the model of `folder`, whose files have been checked.

    Raises RunError(InvalidConfiguration) where this version cannot build what is described, or the weights do not fit.
    """
    task = registry.build_task(description.task, description.labels)
    parts = (description.backbone, description.light, description.light_share)
    sizes = (description.preprocessing.image_size_px, description.network_size_px)
    network = json.dumps(description.network) if description.network else ""
    try:
        model = ensembles.build_described_model(task, *parts, *sizes, network)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        made_by = f"made by Darkroom {description.darkroom_version}, this is {read_version()}"
        message = f"model: {folder} describes a network that this version cannot build ({made_by}): {str(error)[:200]}"
        raise errors.RunError(Reason.INVALID_CONFIGURATION, message) from error
    try:
        model.load_state_dict(safetensors.torch.load_file(folder / WEIGHTS_NAME))
    except (OSError, RuntimeError, safetensors.SafetensorError) as error:
        message = f"model: {WEIGHTS_NAME} in {folder} does not fit its description: {str(error)[:200]}"
        raise errors.RunError(Reason.INVALID_CONFIGURATION, message) from error
    placed = model.to(device.torch_device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return TorchPredictor(description, task, placed.eval(), device)
