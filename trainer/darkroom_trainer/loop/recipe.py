"""Which recipe a run trains: backbone, image size, batch and learning rate.

Owns the ladder of recipes and the rule that climbs it. Must not measure: costs are arguments, so that the rule is a
table test.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.known_fields import keep_known


@dataclass(frozen=True)
class Recipe:
    """Everything that a training is given apart from its data and its time."""

    backbone: str
    image_size_px: int
    batch_size: int
    peak_learning_rate: float
    weight_decay: float = 0.05
    augmentation: str = "standard"
    """Read by `augmentation.transforms.read_policy`."""

    @property
    def shape(self) -> tuple[str, int, int]:
        """Return what a step costs by: recipes of one shape cost the same."""
        return self.backbone, self.image_size_px, self.batch_size

    def to_json(self) -> dict[str, Any]:
        """Return the form that model.json and checkpoints carry."""
        return asdict(self)


def read_recipe(found: dict[str, Any]) -> Recipe:
    """Return what `to_json` wrote in this or another version."""
    return Recipe(**keep_known(Recipe, found))


@dataclass(frozen=True)
class LadderStep:
    """A recipe of the ladder, and how many image passes it needs before it beats the one below."""

    backbone: str
    max_size_px: int
    worthwhile_passes: int
    rate_scale: float = 1.0
    """Larger networks want smaller steps."""


LADDERS: Final[dict[Task, tuple[LadderStep, ...]]] = {
    Task.CLASSIFIER: (
        LadderStep("test_resnet", 96, 0),
        LadderStep("test_resnet", 160, 60_000),
        LadderStep("resnet18", 192, 200_000, rate_scale=0.5),
        LadderStep("resnet50", 224, 1_000_000, rate_scale=0.25),
    ),
    Task.DETECTOR: (
        LadderStep("test_resnet", 128, 0),
        LadderStep("test_resnet", 256, 40_000),
        LadderStep("resnet18", 384, 200_000, rate_scale=0.5),
        LadderStep("resnet50", 512, 1_000_000, rate_scale=0.25),
    ),
}
"""Backbones from small to large. Measured on two shared cores: at 120 s a detector on test_resnet reaches
mAP@50 0.99 where the next larger one reaches 0.39, so a larger one has to earn its place by the passes that it gets."""

LADDER_TASKS: Final = {Task.MULTILABEL_CLASSIFIER: Task.CLASSIFIER, Task.PRODUCT_RECOGNIZER: Task.DETECTOR}
"""Tasks that climb another task's ladder."""
PRETRAINED_PASSES: Final = 3_000
"""Image passes that a network with pretrained weights needs: few, whatever its size, so that a larger one wins as soon
as it gets them."""
PRETRAINED_SIZES_PX: Final = {Task.CLASSIFIER: 224, Task.DETECTOR: 384}
"""DINOv2 at 224 px instead of its own 518 costs a sixth."""
PRETRAINED_RATE_SCALE: Final = 0.25
LEARNING_RATES: Final = {Task.CLASSIFIER: 4e-3, Task.DETECTOR: 4e-3}
BATCH_SIZES: Final = {Task.CLASSIFIER: 32, Task.DETECTOR: 16}
GPU_BATCH_SIZE: Final = 64
LEAST_SIZE_PX: Final = 32
MANY_EPOCHS: Final = 30
"""Images that are seen so often are varied strongly: few images are learned by heart else."""
SIZE_STEP_PX: Final = 32
"""The coarsest stride of the backbones: other sizes would be padded inside the network."""


def find_kind(task: Task) -> Task:
    """Return the task whose ladder, batch and learning rate this one uses."""
    return LADDER_TASKS.get(task, task)


def build_ladder(task: Task, named: str | None = None, pretrained: Sequence[str] = ()) -> tuple[LadderStep, ...]:
    """Return the steps to climb: the named backbone alone; else the smallest and all `pretrained`, small to large.

    Without pretrained weights these are the task's own steps, which start from random ones.
    """
    kind = find_kind(task)
    ladder = LADDERS[kind]
    if named is not None:
        return (LadderStep(named, PRETRAINED_SIZES_PX[kind], 0, rate_scale=0.5),)
    if not pretrained:
        return ladder
    return ladder[0], *(LadderStep(name, PRETRAINED_SIZES_PX[kind], PRETRAINED_PASSES, 0.5) for name in pretrained)


def build_recipe(
    task: Task, step: LadderStep, source_side_px: float, *, on_gpu: bool, has_weights: bool = False
) -> Recipe:
    """Return the recipe of a step for images whose longer side is `source_side_px`; more pixels would add nothing."""
    kind = find_kind(task)
    wanted = math.ceil(source_side_px / SIZE_STEP_PX) * SIZE_STEP_PX
    batch_size = GPU_BATCH_SIZE if on_gpu else BATCH_SIZES[kind]
    scale = step.rate_scale * (PRETRAINED_RATE_SCALE if has_weights else 1.0)
    return Recipe(
        backbone=step.backbone,
        image_size_px=max(LEAST_SIZE_PX, min(step.max_size_px, wanted)),
        batch_size=batch_size,
        peak_learning_rate=scale * LEARNING_RATES[kind] * math.sqrt(batch_size / BATCH_SIZES[kind]),
    )


def suit_repetition(recipe: Recipe, epochs: float) -> Recipe:
    """Return the recipe for a training that sees each image `epochs` times."""
    return replace(recipe, augmentation="strong") if epochs >= MANY_EPOCHS else recipe


def is_next_worth_measuring(ladder: Sequence[LadderStep], at: int, affordable_passes: float) -> bool:
    """Return whether the step after `at` can be worthwhile: it never makes more passes than this one."""
    return at + 1 < len(ladder) and affordable_passes >= 2 * ladder[at + 1].worthwhile_passes


def is_worthwhile(step: LadderStep, affordable_passes: float) -> bool:
    """Return whether `affordable_passes` of this step are enough for it to beat the one below."""
    return affordable_passes >= step.worthwhile_passes
