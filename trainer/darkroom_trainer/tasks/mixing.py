"""Augmentation that takes more than one image: mixtures of two, and pictures made of four.

Owns how the tags and boxes of the images become those of the one. Which other images are taken is a matter of keyed
numbers alone, so that a slice of a batch on one of several devices takes the same as the whole batch would.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from darkroom_trainer.augmentation import transforms
from darkroom_trainer.tasks.base import Batch, Targets

MIXED_SHARE: Final = 0.5
"""Images that are mixed with another (arXiv 1710.09412) or get a square of it (arXiv 1905.04899), half of them each."""
LEAST_OWN: Final = 0.5
MOSAIC_SHARE: Final = 0.5
MOSAIC_MIDDLE: Final = (0.3, 0.7)
MOSAIC_PICTURES: Final = 4
LEAST_VISIBLE: Final = 0.4
"""A box keeps counting while this share of it is in the picture."""
LEAST_PLACES: Final = 16
OTHER: Final = "other_"
SHARE: Final = "share"


def choose_others(draws: torch.Tensor, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return a row for each number (B, K) in [0, 1), image by image (B * K,)."""
    indices = (draws.numpy().astype(np.float64) * len(rows)).astype(np.int64)
    chosen: npt.NDArray[np.int64] = rows[indices].reshape(-1)
    return chosen


def mix(batch: Batch, others: Batch, draws: torch.Tensor) -> Batch:
    """Return a batch of which some images are partly another one.

    The targets then also hold the other image's, by names that begin with `other_`, and `share` (B,), what the
    image's own count.
    """
    weights = _draw_weights(draws, batch.images.shape[-1])
    images = torch.lerp(others.images, batch.images, weights[:, None])
    targets = batch.targets | {OTHER + name: values for name, values in others.targets.items()}
    return Batch(images, targets | {SHARE: weights.mean(dim=(1, 2))})


def _draw_weights(draws: torch.Tensor, size_px: int) -> torch.Tensor:
    """Return what an image's own pixels (B, S, S) count; `draws` (B, 5): whether, how much, how, and where."""
    own = LEAST_OWN + (1 - LEAST_OWN) * draws[:, 1]
    cut = transforms.cut_rectangles(draws[:, 3:5], 1 - own, size_px)
    is_mixed, is_cut = draws[:, 0] < MIXED_SHARE, draws[:, 2] < 0.5
    own_part = torch.where(is_cut, 1.0, own)[:, None, None]
    weights = torch.where(cut & is_cut[:, None, None], 0.0, own_part)
    return torch.where(is_mixed[:, None, None], weights, 1.0)


def split_mixed(targets: Targets) -> tuple[Targets, torch.Tensor] | None:
    """Return the other image's targets, and what the image's own count (B,); None for targets that are not mixed."""
    if SHARE not in targets:
        return None
    others = {name.removeprefix(OTHER): values for name, values in targets.items() if name.startswith(OTHER)}
    return others, targets[SHARE]


def compose_mosaic(batch: Batch, others: Batch, draws: torch.Tensor) -> Batch:
    """Return a batch of which some pictures are made of four, each showing its own part at its own size.

    Sizes stay as they are, unlike in a mosaic of shrunken pictures: on few images the sizes are what is to be learned.
    `others` holds three images for each one; `draws` (B, 5): whether, and where the four meet.
    """
    low, high = MOSAIC_MIDDLE
    middles = torch.where(draws[:, :1] < MOSAIC_SHARE, low + (high - low) * draws[:, 1:3], 2.0)
    side = batch.images.shape[-1]
    line = (torch.arange(side, device=draws.device, dtype=draws.dtype) + 0.5) / side
    is_after = line >= middles[:, :, None]
    right, below = is_after[:, 0, None, None, :], is_after[:, 1, None, :, None]
    three = [others.images[at :: MOSAIC_PICTURES - 1] for at in range(MOSAIC_PICTURES - 1)]
    top = torch.where(right, three[0], batch.images)
    images = torch.where(below, torch.where(right, three[2], three[1]), top)
    return Batch(images, _join_boxes(batch.targets, others.targets, middles))


def _join_boxes(targets: Targets, others: Targets, middles: torch.Tensor) -> Targets:
    """Return the boxes that are seen of each part's own, valid ones first."""
    parts = [targets, *({name: values[at::3] for name, values in others.items()} for at in range(MOSAIC_PICTURES - 1))]
    limits = middles.clamp(max=1)
    labels, boxes = [], []
    for part, (is_right, is_below) in zip(parts, ((0, 0), (1, 0), (0, 1), (1, 1)), strict=True):
        is_after = torch.tensor([is_right, is_below], dtype=torch.bool, device=middles.device)
        low, high = torch.where(is_after, limits, 0.0), torch.where(is_after, 1.0, limits)
        shown = torch.minimum(torch.maximum(part["box"], low.repeat(1, 2)[:, None]), high.repeat(1, 2)[:, None])
        labels.append(torch.where(is_seen(shown, part["box"]), part["label"], -1))
        boxes.append(shown)
    return _keep_first(torch.cat(labels, dim=1), torch.cat(boxes, dim=1), targets["label"].shape[1])


def is_seen(shown: torch.Tensor, whole: torch.Tensor) -> torch.Tensor:
    """Return whether enough of each box (..., 4) is left."""
    areas = (whole[..., 2:] - whole[..., :2]).prod(dim=-1)
    left = (shown[..., 2:] - shown[..., :2]).prod(dim=-1)
    return (left >= LEAST_VISIBLE * areas) & (left > 0)


def _keep_first(labels: torch.Tensor, boxes: torch.Tensor, before: int) -> Targets:
    """Return at most twice as many places for boxes as before: four full pictures are rarely seen in one."""
    count = min(labels.shape[1], max(LEAST_PLACES, 2 * before))
    order = torch.argsort((labels < 0).to(torch.uint8), dim=1, stable=True)[:, :count]
    return {"label": labels.gather(1, order), "box": boxes.gather(1, order[..., None].expand(-1, -1, 4))}
