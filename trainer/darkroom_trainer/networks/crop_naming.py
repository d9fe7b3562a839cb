"""Names for boxes by what their crops look like: fixed features, compared with one prototype of each label.

Owns the comparison. A label more or less changes no box. The prototypes come from `prototypes`. Must not know where
boxes come from.
"""

from typing import Final

import torch
from torch import nn
from torch.nn import functional

from darkroom_trainer.features import crops

MOST_CROPS: Final = 256
"""Crops of a picture that are looked at, however large it is."""
FIRST_SCALE: Final = 16.0
UNKNOWN: Final = -1e4


class CropSpace(nn.Module):
    """A space of features in which each label has a prototype."""

    centre: torch.Tensor
    projection: torch.Tensor
    prototypes: torch.Tensor
    is_known: torch.Tensor
    scale: torch.Tensor

    def __init__(self, num_labels: int, size: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(size))
        self.register_buffer("projection", torch.eye(size))
        self.register_buffer("prototypes", torch.zeros(num_labels, size))
        self.register_buffer("is_known", torch.zeros(num_labels))
        self.register_buffer("scale", torch.tensor(FIRST_SCALE))

    def project(self, features: torch.Tensor) -> torch.Tensor:
        """Return features (..., D) as embeddings of length 1."""
        return functional.normalize((features - self.centre) @ self.projection, dim=-1)

    def compare(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Return how probable each label is (..., C) by the cosine to its prototype; 0 for labels without one."""
        cosines = embeddings @ self.prototypes.t()
        return (self.scale * cosines + (1 - self.is_known) * UNKNOWN).softmax(dim=-1)


class CropNaming(CropSpace):
    """What networks that name boxes by their crops have in common; `gap` is a label that no crop is compared with."""

    product_side: torch.Tensor

    def __init__(self, num_labels: int, gap: int) -> None:
        super().__init__(num_labels, crops.FEATURES)
        self.features = crops.CropFeatures()
        self.gap = gap
        self.register_buffer("product_side", torch.tensor(0.2))

    def embed(self, images: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
        """Return the embeddings (B, K, E), of length 1, of boxes (B, K, 4) of normalized images."""
        return self.project(self.features(images, boxes))


def find_naming(model: nn.Module) -> CropNaming:
    """Return the network that names boxes by their crops."""
    assert isinstance(model, CropNaming)
    return model
