"""The network of the product recognizer: boxes of anything on a shelf, and the product that each looks most like.

Owns the form of its outputs. Boxes come from a dense head with two tags, product and gap; a box's crop is described
by fixed features, compared with one prototype of each product. A product more or less changes no box.
"""

from collections.abc import Mapping
from typing import Final

import torch

from darkroom_predict.decoding.products import MOST_NAMES
from darkroom_predict.gaps import NO_GAP
from darkroom_trainer.networks import dense_head
from darkroom_trainer.networks.crop_naming import MOST_CROPS, CropNaming

PRODUCT, GAP = 0, 1
BOX_TAGS: Final = 2
LEAST_CROPS: Final = 64
PEAK: Final = 100.0


class RecognizerNetwork(CropNaming):
    """Maps images (B, 3, S, S) to (B, L, 6) while it learns: logits of product and gap, and a box's four numbers.

    Afterwards to (B, L, 6 + 2 N): both logits, the N labels that the cell's crop is most like, each with its
    probability (0 for cells that are no candidates), the box's numbers.
    """

    def __init__(
        self,
        backbone: str,
        num_labels: int,
        gap: int,
        weights: Mapping[str, torch.Tensor] | None = None,
        image_size_px: int | None = None,
    ) -> None:
        super().__init__(num_labels, gap)
        self.detector = dense_head.DenseDetector(backbone, BOX_TAGS, weights, image_size_px)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return what each cell of the picture says, rows first."""
        numbers: torch.Tensor = self.detector(images)
        if self.training:
            return numbers
        with torch.autocast(images.device.type, enabled=False):
            return self.recognize(images.float(), numbers.float())

    def recognize(self, images: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        """Return the cells' numbers with the labels and the probabilities of each candidate."""
        logits = numbers[..., :BOX_TAGS]
        at = choose_cells(logits.amax(dim=-1))
        cells = dense_head.build_cells(numbers.shape[1], numbers.device)
        boxes = dense_head.decode_boxes(numbers[..., BOX_TAGS:], cells).clamp(0, 1)
        chosen = boxes.gather(1, at[..., None].expand(-1, -1, 4))
        likely = self.compare(self.embed(images, chosen)).topk(min(MOST_NAMES, len(self.prototypes)), dim=-1)
        is_gap = (logits[..., GAP] > logits[..., PRODUCT]).gather(1, at)[..., None]
        of_gap = torch.zeros_like(likely.values[:1, :1])
        of_gap[..., 0] = float(self.gap != NO_GAP)  # the other names of a gap are none
        labels = torch.where(is_gap, float(self.gap), likely.indices.to(numbers.dtype))
        probabilities = torch.where(is_gap, of_gap, likely.values)
        pairs = torch.stack([labels, probabilities], dim=-1).flatten(-2)
        nothing = torch.zeros_like(logits[..., :1]).expand(-1, -1, pairs.shape[-1])
        named = nothing.scatter(1, at[..., None].expand(-1, -1, pairs.shape[-1]), pairs)
        return torch.cat([logits, named, numbers[..., BOX_TAGS:]], dim=-1)


def choose_cells(objectness: torch.Tensor) -> torch.Tensor:
    """Return the cells (B, K) whose boxes are looked at: the surest, those first that no neighbour surpasses."""
    cells = objectness.shape[1]
    rank = objectness + PEAK * (objectness >= dense_head.find_highest(objectness)).to(objectness.dtype)
    return rank.topk(min(cells, max(LEAST_CROPS, min(MOST_CROPS, cells // 4))), dim=1).indices
