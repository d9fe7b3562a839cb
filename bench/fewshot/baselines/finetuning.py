"""The baseline `timm`: a backbone with a linear head, trained by timm's usual recipe until the budget is spent.

Owns that recipe: AdamW with warm-up and a cosine over the budget, label smoothing, random resized crops and colour
jitter, weight decay on matrices only. No pretrained weights, as Darkroom has none here. Mirrored copies are left out
where they would change what is shown, which is what a person who fine-tunes would do.
"""

import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import timm
import torch
from PIL import Image
from timm import optim as timm_optim
from timm.data.transforms_factory import create_transform

from bench.fewshot.clock import read_clock
from bench.fewshot.drawing.pictures import Picture

BACKBONES: Final = {"timm-small": "test_resnet", "timm-medium": "resnet18"}
"""The smallest is the strongest in such budgets: on all textures, 20 s, it had 0.52 where resnet10t had 0.36."""
RATES: Final = {"timm-small": 3e-3, "timm-medium": 1e-3}
SIDE_PX: Final = 64
BATCH_SIZE: Final = 32
WARM_UP: Final = 0.1
WEIGHT_DECAY: Final = 0.05
SMOOTHING: Final = 0.1
MIRRORED_SETS: Final = ("textures",)
MEAN: Final = (0.485, 0.456, 0.406)
DEVIATION: Final = (0.229, 0.224, 0.225)
_OPTIMIZERS: Final[Any] = timm_optim
"""timm does not list what its packages export."""


def fine_tune(
    method: str, set_name: str, train: list[Picture], test: list[Picture], num_labels: int, seed: int, ends_at: float
) -> tuple[float, dict[str, Any]]:
    """Train until `ends_at` on the bench's clock; returns the accuracy on the test images, and what was done."""
    torch.manual_seed(seed)
    rate = RATES[method]
    model = timm.create_model(BACKBONES[method], pretrained=False, num_classes=num_labels)
    optimizer: Any = _OPTIMIZERS.create_optimizer_v2(model, opt="adamw", lr=rate, weight_decay=WEIGHT_DECAY)
    loss_function = torch.nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    augment: Any = create_transform(
        (3, SIDE_PX, SIDE_PX),
        is_training=True,
        scale=(0.6, 1.0),
        hflip=0.5 if set_name in MIRRORED_SETS else 0.0,
        color_jitter=0.4,
    )
    images = [Image.fromarray(picture.pixels) for picture in train]
    labels = torch.tensor([picture.labels[0] for picture in train])
    began, steps, slowest = read_clock(), 0, 0.0
    batches = draw_batches(len(train), min(BATCH_SIZE, len(train)), seed)
    model.train()
    while (now := read_clock()) + slowest < ends_at:
        rows = next(batches)
        for group in optimizer.param_groups:
            group["lr"] = rate * schedule((now - began) / (ends_at - began))
        batch = torch.stack([augment(images[row]) for row in rows.tolist()])
        loss = loss_function(model(batch), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        steps += 1
        slowest = max(slowest, read_clock() - now) if steps > 2 else 0.0
    passes = steps * min(BATCH_SIZE, len(train))
    return _measure(model, test), {"steps": steps, "passes": passes, "loss": round(float(loss.detach()), 3)}


def draw_batches(count: int, size: int, seed: int) -> Iterator[torch.Tensor]:
    """Yield rows, in a new random order each epoch, without the rest that fills no batch."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        order = torch.randperm(count, generator=generator)
        yield from torch.split(order[: count // size * size], size)


def schedule(share: float) -> float:
    """Return the learning rate at a share of the budget, as a part of the peak."""
    if share < WARM_UP:
        return max(0.02, share / WARM_UP)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (share - WARM_UP) / (1 - WARM_UP))))


def _measure(model: Any, test: list[Picture]) -> float:
    model.eval()
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
    pixels = torch.from_numpy(np.stack([picture.pixels for picture in test])).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        outputs = [model((chunk - mean) / deviation) for chunk in torch.split(pixels, 64)]
    truths = torch.tensor([picture.labels[0] for picture in test])
    return float((torch.cat(outputs).argmax(dim=1) == truths).float().mean())
