"""The baseline `fcos`: torchvision's detector on a timm backbone, trained until the budget is spent.

Owns its recipe: three levels from stride 8 with a feature pyramid of 64 channels (of 256 it takes ten times as long and
learns less in such budgets), AdamW with warm-up and a cosine over the budget, light, zoom and shift at random. Images
keep their size. Scored by the same function as Darkroom's detector.
"""

from collections import OrderedDict
from typing import Any, Final

import numpy as np
import timm
import torch
from torchvision import ops, tv_tensors
from torchvision.models.detection import anchor_utils, fcos as torchvision_fcos
from torchvision.transforms import v2

from bench.fewshot import clock
from bench.fewshot.baselines import finetuning
from bench.fewshot.drawing.pictures import Picture
from darkroom_predict.predictions import Prediction, build_truth
from darkroom_trainer.metrics.box_scores import detection

BACKBONES: Final = {"fcos-test_resnet": "test_resnet"}
"""The one that Darkroom starts from in such budgets."""
CHANNELS: Final = 64
LEVELS: Final = (2, 3, 4)
BATCH_SIZE: Final = 16
RATE: Final = 2e-3
WEIGHT_DECAY: Final = 0.05
GRADIENT_NORM: Final = 5.0
Sample = tuple[torch.Tensor, dict[str, Any]]


class Pyramid(torch.nn.Module):
    """A timm backbone with a feature pyramid, in the form that torchvision's detectors want."""

    def __init__(self, name: str) -> None:
        super().__init__()
        body: Any = timm.create_model(name, pretrained=False, features_only=True, out_indices=LEVELS)
        self.body: torch.nn.Module = body
        self.pyramid = ops.FeaturePyramidNetwork(list(body.feature_info.channels()), CHANNELS)
        self.out_channels = CHANNELS

    def forward(self, images: torch.Tensor) -> Any:
        """Return the levels by name, finest first."""
        return self.pyramid(OrderedDict((str(at), level) for at, level in enumerate(self.body(images))))


def train_fcos(
    method: str, train: list[Picture], test: list[Picture], labels: tuple[str, ...], seed: int, ends_at: float
) -> tuple[float, dict[str, Any]]:
    """Train until `ends_at` on the bench's clock; returns mAP@50 on the test images, and what was done."""
    torch.manual_seed(seed)
    model = _build(BACKBONES[method], len(labels), train[0].pixels.shape[0])
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=WEIGHT_DECAY)
    samples = [_as_sample(picture) for picture in train]
    augment = _build_augmentation()
    began, steps, slowest = clock.read_clock(), 0, 0.0
    batches = finetuning.draw_batches(len(train), min(BATCH_SIZE, len(train)), seed)
    model.train()
    while (now := clock.read_clock()) + slowest < ends_at:
        for group in optimizer.param_groups:
            group["lr"] = RATE * finetuning.schedule((now - began) / (ends_at - began))
        images, targets = zip(*(augment(*samples[row]) for row in next(batches).tolist()), strict=True)
        loss = sum(model(list(images), list(targets)).values())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), GRADIENT_NORM)
        optimizer.step()
        steps += 1
        slowest = max(slowest, clock.read_clock() - now) if steps > 2 else 0.0
    passes = steps * min(BATCH_SIZE, len(train))
    return _measure(model, test, labels), {"steps": steps, "passes": passes, "loss": round(float(loss.detach()), 3)}


def _build(backbone: str, num_labels: int, side_px: int) -> Any:
    anchors = anchor_utils.AnchorGenerator(sizes=((8,), (16,), (32,)), aspect_ratios=((1.0,),) * 3)
    return torchvision_fcos.FCOS(
        Pyramid(backbone), num_labels, min_size=side_px, max_size=side_px, anchor_generator=anchors, score_thresh=0.05
    )


def _as_sample(picture: Picture) -> Sample:
    side = picture.pixels.shape[0]
    corners = [(x * side, y * side, (x + w) * side, (y + h) * side) for x, y, w, h in picture.boxes]
    image = tv_tensors.Image(torch.from_numpy(picture.pixels).permute(2, 0, 1).float() / 255)
    boxes = tv_tensors.BoundingBoxes(torch.tensor(corners).reshape(-1, 4), format="XYXY", canvas_size=(side, side))
    return image, {"boxes": boxes, "labels": torch.tensor(picture.labels, dtype=torch.int64)}


def _build_augmentation() -> Any:
    return v2.Compose(
        [
            v2.RandomAffine(degrees=0, translate=(0.1, 0.1), scale=(0.8, 1.25)),
            v2.ColorJitter(brightness=0.3, contrast=0.3),
            v2.ClampBoundingBoxes(),
            v2.SanitizeBoundingBoxes(min_size=4),
        ]
    )


def _measure(model: Any, test: list[Picture], labels: tuple[str, ...]) -> float:
    model.eval()
    images = [_as_sample(picture)[0] for picture in test]
    side = test[0].pixels.shape[0]
    predictions: list[Prediction] = []
    with torch.inference_mode():
        for at in range(0, len(images), BATCH_SIZE):
            predictions += [_as_prediction(found, side) for found in model(images[at : at + BATCH_SIZE])]
    truths = [build_truth(picture.labels, picture.boxes) for picture in test]
    return float(detection.measure_detection(predictions, truths, labels).score or 0.0)


def _as_prediction(found: dict[str, torch.Tensor], side: int) -> Prediction:
    corners = found["boxes"].numpy() / side
    boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1).astype(np.float32)
    return Prediction(found["labels"].numpy(), found["scores"].numpy(), boxes)
