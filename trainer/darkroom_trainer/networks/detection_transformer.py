"""A detector whose queries each find one thing, with weights from other pictures: another form of detector's network.

Owns how what its queries say is written as the dense head's cells, so that decoding, ONNX files and whoever reads them
know one form of detector. The network itself is the library's, see `dfine`, which is imported where one is built.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import nn

from darkroom_trainer.networks import dense_head

MEAN: Final = (0.5, 0.5, 0.5)
DEVIATION: Final = (0.5, 0.5, 0.5)
"""How the images of a run with such a network are normalized: all its recipes share them. This is what most small
networks learned from; the transformer wants colours in [0, 1], and takes it back."""
NOTHING: Final = -10.0
"""Logit of the cells that no query is written into: a square has more cells than there are queries."""
LEAST_SIDE: Final = 1e-4
"""Of a box, relative: its logarithm must be a number."""
_BACKBONE: Final = "net.backbone.model."
_STAGES: Final = "encoder.stages."


@dataclass(frozen=True)
class QueryAnswers:
    """What the queries say of a batch while they learn: what the library's loss needs."""

    found: Any
    config: Any

    def compute_loss(self, labels: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
        """Return the loss for labels (B, M), -1 for none, and boxes (B, M, 4); matching waits for the device."""
        from darkroom_trainer.networks import dfine

        return dfine.compute_loss(self.found, self.config, list_things(labels, boxes))


class DetectionTransformer(nn.Module):
    """Maps normalized images (B, 3, S, S) to (B, L, C + 4): tag logits and a box's four numbers, a query a cell.

    While it learns, to QueryAnswers.
    """

    def __init__(
        self,
        network: str,
        num_labels: int,
        weights: Mapping[str, torch.Tensor] | None = None,
        image_size_px: int | None = None,
    ) -> None:
        super().__init__()
        from darkroom_trainer.networks import dfine

        self.net = dfine.build_network(network, num_labels, weights, image_size_px)

    def forward(self, images: torch.Tensor) -> torch.Tensor | QueryAnswers:
        """Return what the queries say."""
        found = self.net(images * DEVIATION[0] + MEAN[0])
        if self.training:
            return QueryAnswers(found, self.net.config)
        logits, boxes = found.intermediate_logits[:, -1].float(), found.intermediate_reference_points[:, -1].float()
        order = order_queries(found.enc_outputs_class.amax(dim=-1), logits.shape[1])
        answers = torch.cat([logits, boxes], dim=-1)
        answers = answers.gather(1, order[..., None].expand(-1, -1, answers.shape[-1]))
        return write_cells(answers[..., :-4], answers[..., -4:])

    def read_depths(self) -> dict[str, int]:
        """Return how deep each parameter of the backbone lies, by name: 0 in the stem, one more in each stage."""
        names = [name for name, _ in self.named_parameters() if name.startswith(_BACKBONE)]
        return {name: _find_depth(name.removeprefix(_BACKBONE)) for name in names}


def _find_depth(name: str) -> int:
    return 1 + int(name.removeprefix(_STAGES).partition(".")[0]) if name.startswith(_STAGES) else 0


def list_things(labels: torch.Tensor, boxes: torch.Tensor) -> list[dict[str, torch.Tensor]]:
    """Return the things of each image as the library wants them: boxes by middle, width and height."""
    sizes = boxes[..., 2:] - boxes[..., :2]
    middles = torch.cat([boxes[..., :2] + sizes / 2, sizes], dim=-1)
    is_thing = labels >= 0
    return [
        {"class_labels": own[kept], "boxes": places[kept]}
        for own, places, kept in zip(labels, middles, is_thing, strict=True)
    ]


def order_queries(confidences: torch.Tensor, count: int) -> torch.Tensor:
    """Return the order (B, Q) of queries by where in the picture they began, of what all places (B, L) promised.

    They come in the order of that promise, in which sums in another order make places change their turns.
    """
    return confidences.topk(count, dim=1).indices.argsort(dim=1)


def write_cells(logits: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
    """Return logits (B, Q, C) and boxes (B, Q, 4), by middle, width and height, as the cells of a square picture."""
    side = math.ceil(math.sqrt(logits.shape[1]))
    spare = side**2 - logits.shape[1]
    cells = dense_head.build_cells(side**2, boxes.device)[: logits.shape[1]]
    middles = (boxes[..., :2] - cells) * side
    numbers = torch.cat([logits, middles, (boxes[..., 2:].clamp(min=LEAST_SIDE) * side).log()], dim=-1)
    unused = torch.cat([torch.full_like(logits[:, :1], NOTHING), torch.zeros_like(boxes[:, :1])], dim=-1)
    return torch.cat([numbers, unused.expand(-1, spare, -1)], dim=1)
