"""The network of the detector: a dense head that finds and names boxes, and a second opinion on the names.

Owns how both opinions are mixed. Steps teach the dense head where things are long before it tells their tags apart;
what a crop looks like beside the crops of the training boxes needs no steps (docs/decisions/0016). It is described by
fixed features and, where the backbone is frozen, by its maps (docs/decisions/0024).
"""

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch.nn import functional

from darkroom_predict.gaps import NO_GAP
from darkroom_trainer.metrics.statistics import ensemble_weights
from darkroom_trainer.networks import dense_head
from darkroom_trainer.networks.crop_naming import MOST_CROPS, CropNaming, CropSpace, find_naming

LEAST_PROBABILITY, MOST_PROBABILITY = 0.01, 0.999
"""Below what counts as found, and no further from it: nearer to 0 or 1, sums in another order move a logit too far."""
LEAST_CROPS: Final = 32
"""Looking at crops is most of what predicting a small picture costs."""
POINTS: Final = 4
"""Along each side of a box, where maps are looked at."""
FADE: Final = 0.1
"""Cells fade away over so much of their rank, so that sums in another order do not switch one on or off."""


class DetectorNetwork(CropNaming):
    """Maps images (B, 3, S, S) to (B, L, C + 4): tag logits and a box's four numbers, of every cell."""

    crop_share: torch.Tensor
    map_share: torch.Tensor

    def __init__(
        self,
        backbone: str,
        num_labels: int,
        weights: Mapping[str, torch.Tensor] | None = None,
        image_size_px: int | None = None,
    ) -> None:
        super().__init__(num_labels, NO_GAP)
        self.dense = dense_head.DenseDetector(backbone, num_labels, weights, image_size_px)
        self.maps = CropSpace(num_labels, self.dense.map_channels)
        self.register_buffer("crop_share", torch.tensor(ensemble_weights.DEFAULT_ENSEMBLE_WEIGHT))
        self.register_buffer("map_share", torch.tensor(ensemble_weights.DEFAULT_ENSEMBLE_WEIGHT))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return what each cell of the picture says, rows first."""
        levels: list[torch.Tensor] = []
        if self.training or not self.asks_crops or not self.asks_maps:
            numbers: torch.Tensor = self.dense(images)
        else:
            levels = self.dense.backbone(images)
            numbers = self.dense.answer(levels)
        if self.training or not self.asks_crops:
            return numbers
        with torch.autocast(images.device.type, enabled=False):
            return self._name(images.float(), [level.float() for level in levels], numbers.float())

    @property
    def asks_crops(self) -> bool:
        """Return whether crops have a say: they are known, and held-out boxes did not rule them out."""
        return bool(self.crop_share > 0) and bool(self.is_known.any())

    @property
    def asks_maps(self) -> bool:
        """Return whether the backbone's maps describe crops: they were frozen, and held-out boxes favour it."""
        return bool(self.map_share > 0) and bool(self.maps.is_known.any())

    def name_crops(self, images: torch.Tensor, levels: list[torch.Tensor], boxes: torch.Tensor) -> torch.Tensor:
        """Return how probable each label is (B, K, C) for boxes (B, K, 4), by their crops alone."""
        fixed = self.compare(self.embed(images, boxes))
        if not self.asks_maps:
            return fixed
        return torch.lerp(fixed, self.maps.compare(self.maps.project(describe_maps(levels, boxes))), self.map_share)

    def _name(self, images: torch.Tensor, levels: list[torch.Tensor], numbers: torch.Tensor) -> torch.Tensor:
        """Return the numbers with mixed names for the cells whose crops are looked at, and no thing in the others."""
        logits, box_numbers = numbers[..., :-4], numbers[..., -4:]
        objectness = logits.sigmoid().sum(dim=-1).clamp(max=1.0)
        at, seen = choose_cells(objectness)
        cells = dense_head.build_cells(numbers.shape[1], numbers.device)
        boxes = dense_head.decode_boxes(box_numbers, cells).clamp(0, 1)
        crops = self.name_crops(images, levels, _take(boxes, at))
        names = (1 - self.crop_share) * _take(logits, at).softmax(dim=-1) + self.crop_share * crops
        mixed = (names * seen[..., None]).clamp(LEAST_PROBABILITY, MOST_PROBABILITY)
        nothing = torch.full_like(logits, LEAST_PROBABILITY).logit()
        named = nothing.scatter(1, at[..., None].expand(-1, -1, logits.shape[-1]), mixed.logit())
        return torch.cat([named, box_numbers], dim=-1)

    def _load_from_state_dict(self, state_dict: dict[str, torch.Tensor], prefix: str, *rest: Any) -> None:
        """Models of versions before this one have no space of maps: it stays unknown."""
        for name, value in self.state_dict().items():
            if name.startswith(("maps.", "map_share")):
                state_dict.setdefault(prefix + name, value)
        super()._load_from_state_dict(state_dict, prefix, *rest)


def describe_maps(levels: list[torch.Tensor], boxes: torch.Tensor) -> torch.Tensor:
    """Return what a backbone's maps (B, C, h, w) say of boxes (B, K, 4): (B, K, sum of C), each level of length 1."""
    line = (torch.arange(POINTS, device=boxes.device, dtype=boxes.dtype) + 0.5) / POINTS
    rows, columns = torch.meshgrid(line, line, indexing="ij")
    points = torch.stack([columns.flatten(), rows.flatten()], dim=1)
    grid = (boxes[..., None, :2] + (boxes[..., 2:] - boxes[..., :2])[..., None, :] * points) * 2 - 1
    parts = [
        functional.grid_sample(level, grid, mode="bilinear", padding_mode="border", align_corners=False).mean(dim=-1)
        for level in levels
    ]
    return torch.cat([functional.normalize(part.transpose(1, 2), dim=-1) for part in parts], dim=-1)


def choose_cells(objectness: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the cells (B, K) whose boxes are looked at, and their objectness, which fades away towards the last.

    Of cells (B, L) the surest; one that a neighbour surpasses counts less, so that no thing takes the places of others.
    """
    cells = objectness.shape[1]
    rank = 2 * objectness - dense_head.find_highest(objectness)
    kept = min(cells - 1, max(LEAST_CROPS, min(MOST_CROPS, cells // 8)))
    found = rank.topk(kept + 1, dim=1)
    at, last = found.indices[:, :kept], found.values[:, kept:]
    fading = ((found.values[:, :kept] - last) / FADE).clamp(max=1.0)
    return at, objectness.gather(1, at) * fading


def find_network(model: torch.nn.Module) -> DetectorNetwork:
    """Return the detector that a model is."""
    network = find_naming(model)
    assert isinstance(network, DetectorNetwork)
    return network


def _take(values: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """Return the rows (B, K, D) of values (B, L, D) at (B, K)."""
    return values.gather(1, at[..., None].expand(-1, -1, values.shape[-1]))
