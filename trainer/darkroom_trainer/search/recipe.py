"""Which recipe a run trains: backbone, image size, batch and learning rate.

Owns the ladder of recipes and the rule that climbs it. Must not measure: costs are arguments, so that the rule is a
table test.
"""

import math
import pathlib
from dataclasses import asdict, dataclass
from typing import Any, Final

from darkroom_api.v1alpha1.common import Task


@dataclass(frozen=True)
class Recipe:
    """Everything that a training is told apart from its data and its time."""

    backbone: str
    image_size_px: int
    batch_size: int
    peak_learning_rate: float
    weight_decay: float = 0.05
    augmentation: str = "standard"
    """Read by `tasks.augmentation.read_policy`."""
    ema: bool = False
    """Whether the model is the average of its last steps."""

    def to_json(self) -> dict[str, Any]:
        """Return the form that model.json and checkpoints carry."""
        return asdict(self)


@dataclass(frozen=True)
class Rung:
    """A recipe of the ladder, and how many image passes it needs before it beats the one below."""

    backbone: str
    max_size_px: int
    worthwhile_passes: int
    rate_scale: float = 1.0
    """Larger networks want smaller steps."""


LADDERS: Final[dict[Task, tuple[Rung, ...]]] = {
    Task.CLASSIFIER: (
        Rung("test_resnet", 96, 0),
        Rung("test_resnet", 160, 60_000),
        Rung("resnet18", 192, 200_000, rate_scale=0.5),
        Rung("resnet50", 224, 1_000_000, rate_scale=0.25),
    ),
    Task.DETECTOR: (
        Rung("test_resnet", 128, 0),
        Rung("test_resnet", 256, 40_000),
        Rung("resnet18", 384, 200_000, rate_scale=0.5),
        Rung("resnet50", 512, 1_000_000, rate_scale=0.25),
    ),
}
"""Backbones from small to large. Measured on two shared cores (training.md): at 120 s a detector on test_resnet reaches
mAP@50 0.99 where the next larger one reaches 0.39, so a larger one has to earn its place by the passes that it gets."""

PRETRAINED_RATE_SCALE: Final = 0.25
LEARNING_RATES: Final = {Task.CLASSIFIER: 4e-3, Task.DETECTOR: 4e-3}
BATCH_SIZES: Final = {Task.CLASSIFIER: 32, Task.DETECTOR: 16}
GPU_BATCH_SIZE: Final = 64
LEAST_SIZE_PX: Final = 32
SIZE_STEP_PX: Final = 32
"""The coarsest stride of the backbones: other sizes would be padded inside the network."""


def build_recipe(task: Task, rung: int, source_side_px: float, *, on_gpu: bool, has_weights: bool = False) -> Recipe:
    """Return the recipe of a rung for images whose longer side is `source_side_px`; more pixels would add nothing."""
    chosen = LADDERS[task][rung]
    wanted = math.ceil(source_side_px / SIZE_STEP_PX) * SIZE_STEP_PX
    batch_size = GPU_BATCH_SIZE if on_gpu else BATCH_SIZES[task]
    scale = chosen.rate_scale * (PRETRAINED_RATE_SCALE if has_weights else 1.0)
    return Recipe(
        backbone=chosen.backbone,
        image_size_px=max(LEAST_SIZE_PX, min(chosen.max_size_px, wanted)),
        batch_size=batch_size,
        peak_learning_rate=scale * LEARNING_RATES[task] * math.sqrt(batch_size / BATCH_SIZES[task]),
    )


def is_next_worth_measuring(task: Task, rung: int, affordable_passes: float) -> bool:
    """Return whether the next rung can be worthwhile: it never makes more passes than this one."""
    ladder = LADDERS[task]
    return rung + 1 < len(ladder) and affordable_passes >= 2 * ladder[rung + 1].worthwhile_passes


def is_worthwhile(task: Task, rung: int, affordable_passes: float) -> bool:
    """Return whether `affordable_passes` of this rung are enough for it to beat the one below."""
    return affordable_passes >= LADDERS[task][rung].worthwhile_passes


def find_weights(weights_dir: pathlib.Path, backbone: str) -> pathlib.Path | None:
    """Return the mounted weights of a backbone, if there are any."""
    path = weights_dir / f"{backbone}.safetensors"
    return path if path.is_file() else None
