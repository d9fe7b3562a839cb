"""Pixels as networks take them: floats in [0, 1], less the mean of each colour, divided by its standard deviation.

Owns the arithmetic. Must not know which mean and standard deviation a backbone expects.
"""

import torch


def to_float(images: torch.Tensor) -> torch.Tensor:
    """Return uint8 images (B, S, S, 3) as (B, 3, S, S) in [0, 1]; the memory order stays, which is channels-last."""
    return images.permute(0, 3, 1, 2).float().div_(255)


def normalize(images: torch.Tensor, mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    """Return images in [0, 1] as networks take them; mean and std have one value for each colour."""
    return (images - mean) / std


def normalize_in_place(images: torch.Tensor, mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    """Return the images themselves, normalized: the loop's way, without further memory, equal but for rounding."""
    return images.sub_(mean).mul_(1 / std)


def restore(images: torch.Tensor, mean: torch.Tensor, std: torch.Tensor) -> torch.Tensor:
    """Return normalized images as they were in [0, 1]."""
    return images * std + mean
