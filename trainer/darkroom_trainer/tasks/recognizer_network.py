"""The network of the product recognizer: boxes of anything on a shelf, and the product that each looks most like.

Owns the form of its outputs. Boxes come from a dense head with two tags, product and gap; a box's crop is described
by fixed features, compared with one prototype of each product. A product more or less changes no box.
"""

from collections.abc import Mapping
from typing import Final

import torch
from torch import nn
from torch.nn import functional

from darkroom_trainer.tasks import crops, dense_head
from darkroom_trainer.tasks.gaps import NO_GAP

PRODUCT, GAP = 0, 1
BOX_TAGS: Final = 2
LEAST_CROPS: Final = 64
MOST_CROPS: Final = 256
PEAK: Final = 100.0
FIRST_SCALE: Final = 16.0
UNKNOWN: Final = -1e4


class RecognizerNetwork(nn.Module):
    """Maps images (B, 3, S, S) to (B, L, 6) while it learns: logits of product and gap, and a box's four numbers.

    Afterwards to (B, L, 8): both logits, the label that the cell's crop is most like and its probability (0 for cells
    that are no candidates), the box's numbers.
    """

    centre: torch.Tensor
    projection: torch.Tensor
    prototypes: torch.Tensor
    is_known: torch.Tensor
    scale: torch.Tensor
    product_side: torch.Tensor

    def __init__(
        self,
        backbone: str,
        num_labels: int,
        gap: int,
        weights: Mapping[str, torch.Tensor] | None = None,
        image_size_px: int | None = None,
    ) -> None:
        super().__init__()
        self.detector = dense_head.DenseDetector(backbone, BOX_TAGS, weights, image_size_px)
        self.features = crops.CropFeatures()
        self.gap = gap
        size = crops.FEATURES
        self.register_buffer("centre", torch.zeros(size))
        self.register_buffer("projection", torch.eye(size))
        self.register_buffer("prototypes", torch.zeros(num_labels, size))
        self.register_buffer("is_known", torch.zeros(num_labels))
        self.register_buffer("scale", torch.tensor(FIRST_SCALE))
        self.register_buffer("product_side", torch.tensor(0.2))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return what each cell of the picture says, rows first."""
        numbers: torch.Tensor = self.detector(images)
        if self.training:
            return numbers
        with torch.autocast(images.device.type, enabled=False):
            return self.recognize(images.float(), numbers.float())

    def recognize(self, images: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        """Return the cells' numbers with the label and the probability of each candidate."""
        logits = numbers[..., :BOX_TAGS]
        at = choose_cells(logits.amax(dim=-1))
        cells = dense_head.build_cells(numbers.shape[1], numbers.device)
        boxes = dense_head.decode_boxes(numbers[..., BOX_TAGS:], cells).clamp(0, 1)
        chosen = boxes.gather(1, at[..., None].expand(-1, -1, 4))
        best = self.compare(self.embed(images, chosen)).max(dim=-1)
        is_gap = (logits[..., GAP] > logits[..., PRODUCT]).gather(1, at)
        labels = torch.where(is_gap, float(self.gap), best.indices.to(numbers.dtype))
        shares = torch.where(is_gap, float(self.gap != NO_GAP), best.values)
        nothing = torch.zeros_like(logits[..., 0])
        told = [nothing.scatter(1, at, values)[..., None] for values in (labels, shares)]
        return torch.cat([logits, *told, numbers[..., BOX_TAGS:]], dim=-1)

    def embed(self, images: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
        """Return the embeddings (B, K, E), of length 1, of boxes (B, K, 4) of normalized images."""
        features = self.features(images, boxes)
        return functional.normalize((features - self.centre) @ self.projection, dim=-1)

    def compare(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Return how probable each label is (..., C) by the cosine to its prototype; 0 for labels without one."""
        cosines = embeddings @ self.prototypes.t()
        return (self.scale * cosines + (1 - self.is_known) * UNKNOWN).softmax(dim=-1)


def choose_cells(objectness: torch.Tensor) -> torch.Tensor:
    """Return the cells (B, K) whose boxes are looked at: the surest, those first that no neighbour surpasses."""
    cells = objectness.shape[1]
    side = dense_head.side_of(cells)
    grid = objectness.reshape(-1, 1, side, side)
    highest = functional.max_pool2d(grid, 3, stride=1, padding=1).flatten(1)
    rank = objectness + PEAK * (objectness >= highest).to(objectness.dtype)
    return rank.topk(min(cells, max(LEAST_CROPS, min(MOST_CROPS, cells // 4))), dim=1).indices
