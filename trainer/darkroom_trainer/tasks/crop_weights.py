"""The weight of crops in a detector's names: chosen on held-out boxes.

Owns the question; `ensemble_weights` owns the rule. Must not change anything but the weight.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from darkroom_predict.predictions import Integers
from darkroom_trainer.metrics.statistics import ensemble_weights
from darkroom_trainer.networks import dense_head
from darkroom_trainer.networks.detector_network import DetectorNetwork, find_network
from darkroom_trainer.tasks.base import LearnedData, take_images

MOST_BOXES: Final = 1_000
BATCH: Final = 32

Names = npt.NDArray[np.float32]


def fit_crop_weight(model: torch.nn.Module, data: LearnedData, rows: Integers) -> None:
    """Set the weight that suits the boxes of `rows`; without any, or without known crops, it stays as it is."""
    network = find_network(model)
    rows = limit_rows(data.targets["label"], rows)
    if not len(rows) or not network.is_known.any():
        return
    was_training = network.training
    network.eval()
    with torch.inference_mode():
        asked = [_ask(network, data, rows[start : start + BATCH]) for start in range(0, len(rows), BATCH)]
    network.train(was_training)
    dense, crops, one_hot = (np.concatenate(parts) for parts in zip(*asked, strict=True))
    if len(one_hot):
        weight = ensemble_weights.choose_ensemble_weight(dense, crops, one_hot, is_multilabel=False)
        network.crop_share.fill_(weight)


def limit_rows(labels: torch.Tensor, rows: Integers) -> Integers:
    """Return the first rows, of labels (N, M), that have about `MOST_BOXES` boxes together."""
    totals = np.cumsum((labels[torch.from_numpy(rows)] >= 0).sum(dim=1).numpy())
    return rows[: int(np.searchsorted(totals, MOST_BOXES)) + 1]


def _ask(network: DetectorNetwork, data: LearnedData, rows: Integers) -> tuple[Names, Names, npt.NDArray[np.bool_]]:
    """Return what dense head and crops (K, C) call the boxes of some images, and what they are."""
    at, device = torch.from_numpy(rows), data.mean.device
    images = take_images(data, at)
    labels, boxes = data.targets["label"][at].to(device), data.targets["box"][at].to(device)
    is_box = labels >= 0
    levels = [level.float() for level in network.dense.backbone(images)] if network.asks_maps else []
    numbers = network.dense.answer(levels) if levels else network.dense(images).float()
    crops = network.name_crops(images, levels, boxes)[is_box]
    logits = numbers[..., :-4]
    dense = logits.gather(1, find_cells(boxes, logits.shape[1])[..., None].expand(-1, -1, logits.shape[2]))[is_box]
    one_hot = functional.one_hot(labels[is_box], logits.shape[2]).bool()
    return dense.softmax(dim=-1).cpu().numpy(), crops.cpu().numpy(), one_hot.cpu().numpy()


def find_cells(boxes: torch.Tensor, num_cells: int) -> torch.Tensor:
    """Return the cell (B, M) in which the middle of each box (B, M, 4) is."""
    side = dense_head.side_of(num_cells)
    middles = ((boxes[..., :2] + boxes[..., 2:]) / 2 * side).long().clamp(0, side - 1)
    return middles[..., 1] * side + middles[..., 0]
