"""What all tasks with boxes share: their targets, and augmentation that moves boxes with the image.

Owns the form of the targets. Must not know networks or losses.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch

from darkroom_predict.predictions import Integers
from darkroom_trainer.augmentation import policies, transforms
from darkroom_trainer.data.records.dataset import Example
from darkroom_trainer.tasks import mixing
from darkroom_trainer.tasks.base import Batch, LearningTask, Targets

MAX_ZOOM: Final = 0.2
MAX_SHIFT: Final = 0.12
LIGHT: Final = 0.3


class BoxTask(LearningTask):
    """Targets: `label` (N, M) int64 with -1 for no box, `box` (N, M, 4) relative left, top, right, bottom."""

    augmentation_draws = transforms.DRAWS

    def build_targets(self, examples: Sequence[Example], rows: Integers) -> Targets:
        """Return the boxes of each example, filled up to the largest number of boxes in any of them."""
        most = max(1, max((len(example.labels) for example in examples), default=1))
        labels = torch.full((len(examples), most), -1, dtype=torch.int64)
        boxes = torch.zeros((len(examples), most, 4))
        for at in rows.tolist():
            example = examples[at]
            count = len(example.labels)
            labels[at, :count] = torch.tensor(example.labels, dtype=torch.int64)
            corners = torch.from_numpy(np.asarray(example.boxes, dtype=np.float32).reshape(-1, 4))
            boxes[at, :count] = torch.cat([corners[:, :2], corners[:, :2] + corners[:, 2:]], dim=1)
        return {"label": labels, "box": boxes}

    def augment(
        self,
        batch: Batch,
        draws: torch.Tensor,
        policy: policies.AugmentationPolicy = policies.STANDARD,
        others: Batch | None = None,
    ) -> Batch:
        """Zoom, shift and mirror without turning, so that boxes stay exact; then vary light and colours.

        Nothing is erased: a box whose object is gone would teach that objects are where none is.
        """
        if others is not None:
            batch = mixing.compose_mosaic(batch, others, draws[:, transforms.MIX_AT])
        matrices = _build_matrices(draws, policy.scale)
        if policy.flip:
            matrices = transforms.mirror(matrices, draws[:, transforms.FLIP_AT])
        images = transforms.warp(batch.images, matrices)
        targets = _move_boxes(batch.targets, matrices)
        return Batch(transforms.vary_colors(images, draws, LIGHT, policy), targets)

    def count_others(self, policy: policies.AugmentationPolicy) -> int:
        """Return 3 where pictures are made of four."""
        return mixing.MOSAIC_PICTURES - 1 if policy.mosaic else 0


def _build_matrices(draws: torch.Tensor, strength: float) -> torch.Tensor:
    scale = torch.exp(transforms.spread(draws[:, :2], MAX_ZOOM * strength))
    scale = scale[:, :1] * (1 + (scale / scale[:, :1] - 1) * 0.5)
    shift = transforms.spread(draws[:, 2:4], MAX_SHIFT * strength)
    return torch.cat([torch.diag_embed(scale), shift[:, :, None]], dim=2)


def _move_boxes(targets: Targets, matrices: torch.Tensor) -> Targets:
    """Return the targets as `warp` with these matrices, which turn nothing, shows them."""
    scale, shift = matrices[:, :, :2].diagonal(dim1=1, dim2=2), matrices[:, :, 2]
    corners = targets["box"] * 2 - 1
    corners = ((corners - shift.repeat(1, 2)[:, None]) / scale.repeat(1, 2)[:, None] + 1) / 2
    first, second = corners[..., :2], corners[..., 2:]
    moved = torch.cat([torch.minimum(first, second), torch.maximum(first, second)], dim=-1)
    visible = moved.clamp(0, 1)
    return {"label": torch.where(mixing.is_seen(visible, moved), targets["label"], -1), "box": visible}
