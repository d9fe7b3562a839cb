"""A task's own augmentation as views of images: what heads are fitted on beside the images themselves.

Owns the key of their randomness. Must not vary images itself.
"""

from typing import Final

import numpy as np
import torch

from darkroom_trainer.augmentation import transforms
from darkroom_trainer.heads.store import Views
from darkroom_trainer.tasks import base

_SALT: Final = 0x11E4D


def build_views(task: base.LearningTask, seed: int) -> Views:
    """Return views that depend on the seed, the view and an image's index in its batch."""

    def vary(images: torch.Tensor, view: int) -> torch.Tensor:
        epochs, indices = np.full(len(images), view), np.arange(len(images))
        draws = transforms.draw_uniforms(seed ^ _SALT, epochs, indices, task.augmentation_draws)
        return task.augment(base.Batch(images, {}), draws.to(images.device)).images

    return vary
