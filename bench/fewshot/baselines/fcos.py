"""The baselines `fcos`: torchvision's detector on a timm backbone, trained until the budget is spent.

Owns its recipe: three levels from stride 8 with a feature pyramid of 64 channels (of 256 it takes ten times as long and
learns less in such budgets), AdamW with warm-up and a cosine over the budget, light, zoom and shift at random. Images
keep their size. `embedded-fcos` starts from the weights that Darkroom embeds, which learn ten times more slowly than
what is new and keep their statistics, the other from nothing.
"""

from collections import OrderedDict
from typing import Any, Final

import numpy as np
import timm
import torch
from torchvision import ops, tv_tensors
from torchvision.models.detection import anchor_utils, fcos as torchvision_fcos
from torchvision.transforms import v2

from bench.fewshot.baselines import embedded, stepping
from bench.fewshot.baselines.registry import Learned, Lesson
from bench.fewshot.drawing.pictures import Picture
from darkroom_predict.predictions import Prediction

EMBEDDED: Final = "embedded-fcos"
BACKBONE: Final = "test_resnet"
"""Of the other: the one that Darkroom starts from in such budgets."""
CHANNELS: Final = 64
LEVELS: Final = (2, 3, 4)
BATCH_SIZE: Final = 16
PRETRAINED_BATCH_SIZE: Final = 4
RATE: Final = 2e-3
PRETRAINED_RATE: Final = 2e-4
WEIGHT_DECAY: Final = 0.05
Sample = tuple[torch.Tensor, dict[str, Any]]


class Pyramid(torch.nn.Module):
    """A timm backbone with a feature pyramid, in the form that torchvision's detectors want."""

    def __init__(self, body: Any) -> None:
        super().__init__()
        self.body: torch.nn.Module = body
        self.pyramid = ops.FeaturePyramidNetwork(list(body.feature_info.channels()), CHANNELS)
        self.out_channels = CHANNELS

    def forward(self, images: torch.Tensor) -> Any:
        """Return the levels by name, finest first."""
        return self.pyramid(OrderedDict((str(at), level) for at, level in enumerate(self.body(images))))


def learn(lesson: Lesson) -> Learned:
    """Train the cell's method."""
    torch.manual_seed(lesson.cell.seed)
    is_pretrained = lesson.cell.method == EMBEDDED
    model = _build(len(lesson.labels), lesson.longest_px, is_pretrained=is_pretrained)
    body = list(model.backbone.body.parameters())
    fresh = [one for name, one in model.named_parameters() if not name.startswith("backbone.body.")]
    groups: list[dict[str, Any]] = [
        {"params": body, "lr": PRETRAINED_RATE if is_pretrained else RATE},
        {"params": fresh, "lr": RATE},
    ]
    samples = [_as_sample(picture) for picture in lesson.pictures]
    augment = _build_augmentation(is_mirrored=lesson.is_mirrored)

    def compute_loss(rows: list[int]) -> torch.Tensor:
        images, targets = zip(*(augment(*samples[row]) for row in rows), strict=True)
        losses: dict[str, torch.Tensor] = model(list(images), list(targets))
        return torch.stack(list(losses.values())).sum()

    model.train()
    if is_pretrained:
        model.backbone.body.eval()
    batch_size = PRETRAINED_BATCH_SIZE if is_pretrained else BATCH_SIZE
    details = stepping.train(lesson, torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY), batch_size, compute_loss)
    return Learned(lambda test: _predict(model, test), details)


def _build(num_labels: int, side_px: int, *, is_pretrained: bool) -> Any:
    anchors = anchor_utils.AnchorGenerator(sizes=((8,), (16,), (32,)), aspect_ratios=((1.0,),) * 3)
    colours: dict[str, Any] = {}
    if is_pretrained:
        body = embedded.build_network(features_only=True, out_indices=LEVELS)
        colours = {"image_mean": list(embedded.MEAN), "image_std": list(embedded.DEVIATION)}
    else:
        body = timm.create_model(BACKBONE, pretrained=False, features_only=True, out_indices=LEVELS)
    return torchvision_fcos.FCOS(
        Pyramid(body),
        num_labels,
        min_size=side_px,
        max_size=side_px,
        anchor_generator=anchors,
        score_thresh=0.05,
        **colours,
    )


def _as_sample(picture: Picture) -> Sample:
    height, width = picture.pixels.shape[:2]
    corners = [(x * width, y * height, (x + w) * width, (y + h) * height) for x, y, w, h in picture.boxes]
    image = tv_tensors.Image(torch.from_numpy(picture.pixels.copy()).permute(2, 0, 1).float() / 255)
    boxes = tv_tensors.BoundingBoxes(torch.tensor(corners).reshape(-1, 4), format="XYXY", canvas_size=(height, width))
    return image, {"boxes": boxes, "labels": torch.tensor(picture.labels, dtype=torch.int64)}


def _build_augmentation(*, is_mirrored: bool) -> Any:
    return v2.Compose(
        [
            v2.RandomHorizontalFlip(0.5 if is_mirrored else 0.0),
            v2.RandomAffine(degrees=0, translate=(0.1, 0.1), scale=(0.8, 1.25)),
            v2.ColorJitter(brightness=0.3, contrast=0.3),
            v2.ClampBoundingBoxes(),
            v2.SanitizeBoundingBoxes(min_size=4),
        ]
    )


def _predict(model: Any, test: list[Picture]) -> list[Prediction]:
    model.eval()
    found: list[Prediction] = []
    with torch.inference_mode():
        for at in range(0, len(test), BATCH_SIZE):
            part = test[at : at + BATCH_SIZE]
            answers = model([_as_sample(picture)[0] for picture in part])
            found += [_as_prediction(answer, picture) for answer, picture in zip(answers, part, strict=True)]
    return found


def _as_prediction(found: dict[str, torch.Tensor], picture: Picture) -> Prediction:
    height, width = picture.pixels.shape[:2]
    corners = found["boxes"].numpy() / np.array([width, height, width, height])
    boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1).astype(np.float32)
    return Prediction(found["labels"].numpy(), found["scores"].numpy(), boxes)
