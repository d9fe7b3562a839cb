"""The baselines by timm: a network with a linear head, trained by the usual recipe until the budget is spent.

Owns that recipe: AdamW with warm-up and a cosine over the budget, label smoothing, random resized crops and colour
jitter, weight decay on matrices only. Mirrored copies are left out where they would change what is shown, which is what
a person who fine-tunes would do. `embedded-finetune` starts from the weights that Darkroom embeds, the others from
nothing.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import timm
import torch
from PIL import Image
from timm import optim as timm_optim
from timm.data.transforms_factory import create_transform

from bench.fewshot.baselines import embedded, stepping
from bench.fewshot.baselines.registry import Learned, Lesson
from bench.fewshot.drawing.pictures import Picture

Colours = tuple[float, float, float]


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; pictures are at most `most_px` wide, and at most `enlargement` times enlarged."""

    backbone: str | None
    rate: float
    most_px: int = 128
    enlargement: int = 1
    mean: Colours = (0.485, 0.456, 0.406)
    deviation: Colours = (0.229, 0.224, 0.225)

    def choose_size(self, lesson: Lesson) -> int:
        """Return the side of the square that pictures are brought to."""
        return min(self.most_px, self.enlargement * lesson.longest_px)


RECIPES: Final = {
    "timm-small": Recipe("test_resnet", 3e-3),
    "timm-medium": Recipe("resnet18", 1e-3),
    "embedded-finetune": Recipe(None, 5e-4, embedded.SIDE_PX, 2, embedded.MEAN, embedded.DEVIATION),
}
"""The smallest is the strongest in such budgets: on all textures, 20 s, it had 0.52 where resnet10t had 0.36."""
HEAD_FACTOR: Final = 10.0
"""How much faster the new head of pretrained weights learns."""
BATCH_SIZE: Final = 32
PRETRAINED_BATCH_SIZE: Final = 16
WEIGHT_DECAY: Final = 0.05
SMOOTHING: Final = 0.1
_OPTIMIZERS: Final[Any] = timm_optim
"""timm does not list what its packages export."""


def learn(lesson: Lesson) -> Learned:
    """Train the cell's method."""
    torch.manual_seed(lesson.cell.seed)
    recipe = RECIPES[lesson.cell.method]
    size_px, num_labels = recipe.choose_size(lesson), len(lesson.labels)
    model = (
        timm.create_model(recipe.backbone, pretrained=False, num_classes=num_labels)
        if recipe.backbone is not None
        else embedded.build_network(num_classes=num_labels)
    )
    optimizer: Any = _OPTIMIZERS.create_optimizer_v2(model, opt="adamw", lr=recipe.rate, weight_decay=WEIGHT_DECAY)
    if recipe.backbone is None:
        _hasten_head(model, optimizer)
    loss_function = torch.nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    augment: Any = create_transform(
        (3, size_px, size_px),
        is_training=True,
        scale=(0.6, 1.0),
        hflip=0.5 if lesson.is_mirrored else 0.0,
        color_jitter=0.4,
        mean=recipe.mean,
        std=recipe.deviation,
    )
    images, labels = [Image.fromarray(picture.pixels) for picture in lesson.pictures], torch.tensor(lesson.tags)

    def compute_loss(rows: list[int]) -> torch.Tensor:
        loss: torch.Tensor = loss_function(model(torch.stack([augment(images[row]) for row in rows])), labels[rows])
        return loss

    model.train()
    batch_size = BATCH_SIZE if recipe.backbone is not None else PRETRAINED_BATCH_SIZE
    details = stepping.train(lesson, optimizer, batch_size, compute_loss)
    return Learned(lambda test: _predict(model, recipe, size_px, test), {**details, "px": size_px})


def _hasten_head(model: Any, optimizer: Any) -> None:
    """Give the head's parameters a group of their own."""
    head = {id(one) for one in model.get_classifier().parameters()}
    for group in list(optimizer.param_groups):
        own = [one for one in group["params"] if id(one) in head]
        group["params"] = [one for one in group["params"] if id(one) not in head]
        if own:
            optimizer.add_param_group({**group, "params": own, "lr": HEAD_FACTOR * group["lr"]})


def _predict(model: Any, recipe: Recipe, size_px: int, test: list[Picture]) -> list[int]:
    model.eval()
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (recipe.mean, recipe.deviation))
    found = []
    with torch.inference_mode():
        for at in range(0, len(test), BATCH_SIZE):
            pixels = torch.stack([_bring_to(picture, size_px) for picture in test[at : at + BATCH_SIZE]])
            found += model((pixels - mean) / deviation).argmax(dim=1).tolist()
    return found


def _bring_to(picture: Picture, size_px: int) -> torch.Tensor:
    image = Image.fromarray(picture.pixels)
    if image.size != (size_px, size_px):
        image = image.resize((size_px, size_px), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255
