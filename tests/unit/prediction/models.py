"""Small models of every task and kind of backbone, with the description that a finished run writes."""

import numpy as np
import torch
from torch import nn

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.description import ModelDescription, Preprocessing
from darkroom_predict.images import Pixels
from darkroom_trainer.tasks.registry import build_task

LABELS = ("apple", "pear", "Zwetschge · 李")


def a_description(task: Task, backbone: str = "test_resnet", size_px: int = 32) -> ModelDescription:
    """Return the description of a model of `backbone` for images of `size_px`."""
    preprocessing = Preprocessing(size_px, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    threshold = 0.3 if task is Task.DETECTOR else 0.0
    return ModelDescription(task, LABELS, backbone, preprocessing, threshold, "abc123", "0.1.0")


def a_model(description: ModelDescription, seed: int = 1) -> nn.Module:
    """Return a network whose random weights say something: scores apart, boxes of several sizes."""
    torch.manual_seed(seed)
    task, size_px = build_task(description.task, description.labels), description.preprocessing.image_size_px
    model = task.build_model(description.backbone or "", image_size_px=size_px)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
        for name, statistics in model.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                statistics.add_(0.1 * torch.rand_like(statistics))
    return model


def some_pixels(count: int, size_px: int = 32) -> Pixels:
    """Return decoded images (count, size_px, size_px, 3)."""
    return np.random.default_rng(5).integers(0, 256, (count, size_px, size_px, 3), dtype=np.uint8)
