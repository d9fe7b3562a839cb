"""The network of the detector: a dense head that finds and names boxes, and a second opinion on the names.

Owns how both opinions are mixed. Steps teach the dense head where things are long before it tells their tags apart;
what a crop looks like beside the crops of the training boxes needs no steps. Measured on eight digit scenes (32 boxes)
and 40 s: the head named 21 % of the boxes that it found rightly, their crops 58 %. With many boxes the head is better.
"""

from collections.abc import Mapping
from typing import Final

import torch

from darkroom_trainer import shares
from darkroom_trainer.tasks import dense_head
from darkroom_trainer.tasks.crop_naming import CropNaming, choose_cells
from darkroom_trainer.tasks.gaps import NO_GAP

LEAST_PROBABILITY: Final = 1e-6
LEAST_CROPS: Final = 32
"""Looking at crops is most of what predicting a small picture costs."""


class DetectorNetwork(CropNaming):
    """Maps images (B, 3, S, S) to (B, L, C + 4): tag logits and a box's four numbers, of every cell."""

    crop_share: torch.Tensor

    def __init__(
        self,
        backbone: str,
        num_labels: int,
        weights: Mapping[str, torch.Tensor] | None = None,
        image_size_px: int | None = None,
    ) -> None:
        super().__init__(num_labels, NO_GAP)
        self.dense = dense_head.DenseDetector(backbone, num_labels, weights, image_size_px)
        self.register_buffer("crop_share", torch.tensor(shares.UNTESTED_SHARE))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return what each cell of the picture says, rows first."""
        numbers: torch.Tensor = self.dense(images)
        if self.training or not self.asks_crops:
            return numbers
        with torch.autocast(images.device.type, enabled=False):
            return self._name(images.float(), numbers.float())

    @property
    def asks_crops(self) -> bool:
        """Return whether crops have a say: they are known, and held-out boxes did not rule them out."""
        return bool(self.crop_share > 0) and bool(self.is_known.any())

    def _name(self, images: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        """Return the numbers with mixed names for the cells whose crops are looked at, and no thing in the others."""
        logits, places = numbers[..., :-4], numbers[..., -4:]
        objectness = logits.sigmoid().sum(dim=-1).clamp(max=1.0)
        at = choose_cells(objectness, LEAST_CROPS)
        cells = dense_head.build_cells(numbers.shape[1], numbers.device)
        boxes = dense_head.decode_boxes(places, cells).clamp(0, 1)
        crops = self.compare(self.embed(images, _take(boxes, at)))
        names = (1 - self.crop_share) * _take(logits, at).softmax(dim=-1) + self.crop_share * crops
        mixed = (names * objectness.gather(1, at)[..., None]).clamp(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
        nothing = torch.full_like(logits, LEAST_PROBABILITY).logit()
        told = nothing.scatter(1, at[..., None].expand(-1, -1, logits.shape[-1]), mixed.logit())
        return torch.cat([told, places], dim=-1)


def find_network(model: torch.nn.Module) -> DetectorNetwork:
    """Return the network, also where it is compiled."""
    network = getattr(model, "_orig_mod", model)
    assert isinstance(network, DetectorNetwork)
    return network


def _take(values: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """Return the rows (B, K, D) of values (B, L, D) at (B, K)."""
    return values.gather(1, at[..., None].expand(-1, -1, values.shape[-1]))
