"""Which recipe a run trains: backbone, how much of it, image size, batch and learning rate.

Owns the ladder of recipes and the rule that climbs it. Must not measure: costs are arguments, so that the rule is a
table test.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.known_fields import keep_known
from darkroom_trainer.weights import detectors


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
    trained_stages: int | None = None
    """The last stages of the backbone that are trained, with what follows them; 0 for none, None for all of it."""
    kept_views: int = 0
    """Variations of each image that are made, so that what the frozen stages say of them can be kept; 0 for ever new
    ones."""
    network: str = ""
    """What a detection transformer is built by, as JSON; nothing for a network of timm, whose name says it."""

    @property
    def shape(self) -> tuple[str, int, int, int | None]:
        """Return what a step costs by: recipes of one shape cost the same."""
        return self.backbone, self.image_size_px, self.batch_size, self.trained_stages

    def to_json(self) -> dict[str, Any]:
        """Return the form that checkpoints carry."""
        return asdict(self)

    def describe(self) -> dict[str, Any]:
        """Return what a record says of it: how a transformer is built stands in model.json."""
        return {key: value for key, value in self.to_json().items() if key != "network"}


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
    trained_stages: int | None = None
    """As a recipe's."""
    least_images: int = 0
    """Fewer images are learned by heart by so much of a network."""


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
PRETRAINED_STEPS: Final[dict[Task, tuple[LadderStep, ...]]] = {
    Task.CLASSIFIER: (
        LadderStep("", 224, 1_000, rate_scale=0.5, trained_stages=2),
        LadderStep("", 224, 3_000, rate_scale=0.5, least_images=500),
    ),
    Task.DETECTOR: (
        LadderStep("", 192, 1_000, rate_scale=0.5, trained_stages=0),
        LadderStep("", 320, 30_000, rate_scale=0.5, trained_stages=0),
        LadderStep("", 320, 3_000, rate_scale=0.5, trained_stages=2, least_images=50),
        LadderStep("", 384, 3_000, rate_scale=0.5, least_images=500),
    ),
}
"""What is trained of a network with pretrained weights, whatever its size: the more, the more passes and images there
are. DINOv2 at 224 px instead of its own 518 costs a sixth. Frozen maps of 192 px with 2,000 steps of the dense head are
better than those of 320 px with 750, on forks and scissors as on raccoons."""
TRANSFORMER_STEPS: Final = (
    LadderStep("", 320, 400, rate_scale=0.05, trained_stages=0),
    LadderStep("", 640, 4_000, rate_scale=0.05, trained_stages=0),
)
"""The same of a detector that learned from other pictures. It knows what things are, and has to learn their tags."""
TRANSFORMER_STAGES: Final = 5
"""Of the backbone of a detection transformer, its stem included."""
TRANSFORMER_BATCH_SIZE: Final = 4
TRANSFORMER_GPU_BATCH_SIZE: Final = 16
TRANSFORMER_LEAST_FRACTION: Final = 0.1
"""As LEAST_PASSES_FRACTION."""
LEAST_PASSES_FRACTION: Final = 0.4
"""Of what a network that starts from random weights needs at least, where most of a network is frozen."""
KEPT_TIME_FRACTION: Final = 0.25
"""Of the time for training, at most this goes into what frozen stages say of the variations that are kept."""
MOST_KEPT_VIEWS: Final = 64
FIRST_KEPT_VIEWS: Final = 8
EPOCHS_A_VIEW: Final = 8
"""How variations become more: a short training makes do with few, a long one learns the same few by heart."""
MOST_KEPT_BYTES: Final = 512 << 20
PRETRAINED_RATE_SCALE: Final = 0.25
LEARNING_RATES: Final = {Task.CLASSIFIER: 4e-3, Task.DETECTOR: 4e-3}
BATCH_SIZES: Final = {Task.CLASSIFIER: 32, Task.DETECTOR: 16}
GPU_BATCH_SIZE: Final = 64
LEAST_SIZE_PX: Final = 32
MANY_EPOCHS: Final = 30
"""Images that are seen so often are varied strongly: few images are learned by heart else."""
LEAST_PRETRAINED_PX: Final = 96
"""Smaller pictures are a cell or two to the last stages of a network that learned from photographs."""
SIZE_STEP_PX: Final = 32
"""The coarsest stride of the backbones: other sizes would be padded inside the network."""


def find_kind(task: Task) -> Task:
    """Return the task whose ladder, batch and learning rate this one uses."""
    return LADDER_TASKS.get(task, task)


def build_ladder(
    task: Task, named: str | None = None, pretrained: Sequence[str] = (), source_side_px: float = math.inf
) -> tuple[LadderStep, ...]:
    """Return the steps to climb: the named backbone alone; else the smallest and all `pretrained`, small to large.

    Without pretrained weights, and for small images, these are the task's own steps, which start from random weights;
    so does a named backbone that is not among `pretrained`.
    """
    kind = find_kind(task)
    ladder = LADDERS[kind]
    if named is None and (not pretrained or source_side_px < LEAST_PRETRAINED_PX):
        return ladder
    if named is None:
        return ladder[0], *(step for name in pretrained for step in _list_pretrained(kind, name))
    if named not in pretrained:
        return (LadderStep(named, PRETRAINED_STEPS[kind][-1].max_size_px, 0, rate_scale=0.5),)
    first, *others = _list_pretrained(kind, named)
    return replace(first, worthwhile_passes=0), *others


def _list_pretrained(kind: Task, name: str) -> list[LadderStep]:
    steps = TRANSFORMER_STEPS if detectors.is_detector(name) else PRETRAINED_STEPS[kind]
    return [replace(step, backbone=name) for step in steps]


def build_recipe(
    task: Task,
    step: LadderStep,
    source_side_px: float,
    *,
    on_gpu: bool,
    has_weights: bool = False,
    network: str = "",
) -> Recipe:
    """Return the recipe of a step for images whose longer side is `source_side_px`; more pixels would add nothing."""
    kind = find_kind(task)
    wanted = math.ceil(source_side_px / SIZE_STEP_PX) * SIZE_STEP_PX
    batch_size = GPU_BATCH_SIZE if on_gpu else BATCH_SIZES[kind]
    if network:
        batch_size = TRANSFORMER_GPU_BATCH_SIZE if on_gpu else TRANSFORMER_BATCH_SIZE
    is_whole = step.trained_stages is None
    scale = step.rate_scale * (PRETRAINED_RATE_SCALE if has_weights and is_whole else 1.0)
    return Recipe(
        backbone=step.backbone,
        image_size_px=max(LEAST_SIZE_PX, min(step.max_size_px, wanted)),
        batch_size=batch_size,
        peak_learning_rate=scale * LEARNING_RATES[kind] * math.sqrt(batch_size / BATCH_SIZES[kind]),
        trained_stages=step.trained_stages,
        network=network,
    )


def unfreeze(recipe: Recipe, rounds: int) -> Recipe:
    """Return the recipe after so many rounds of a search: of a transformer's backbone each trains one stage more."""
    return replace(recipe, trained_stages=min(rounds, TRANSFORMER_STAGES)) if recipe.network else recipe


def find_dearest_shape(recipe: Recipe) -> tuple[str, int, int, int | None]:
    """Return the shape that its steps are measured with: a transformer's with all of it trained."""
    return unfreeze(recipe, TRANSFORMER_STAGES).shape


def count_least_passes(recipe: Recipe, from_random: int) -> int:
    """Return the image passes of the least useful training; `from_random` are those that random weights need."""
    if recipe.network:
        return math.ceil(TRANSFORMER_LEAST_FRACTION * from_random)
    return from_random if recipe.trained_stages is None else math.ceil(LEAST_PASSES_FRACTION * from_random)


def choose_kept_views(images: int, look_seconds: float, map_bytes: int, left_seconds: float) -> int:
    """Return how many variations of each image to make, so that what frozen stages say of them can be kept.

    `look_seconds` and `map_bytes` are those of one; 0 where memory does not hold one of each image.
    """
    held = MOST_KEPT_BYTES // max(1, images * map_bytes)
    paid = int(KEPT_TIME_FRACTION * left_seconds / max(1e-9, images * look_seconds))
    return min(MOST_KEPT_VIEWS, held, max(1, paid))


def count_kept_views(epoch: int, most: int) -> int:
    """Return of how many variations of an image, at `most`, one is shown in an epoch; they become more slowly."""
    return min(most, FIRST_KEPT_VIEWS + epoch // EPOCHS_A_VIEW)


def suit_repetition(recipe: Recipe, epochs: float, *, may_mirror: bool = False) -> Recipe:
    """Return the recipe for a training that sees each image `epochs` times; a transformer wants little variation.

    Where a network is frozen in part, images are mirrored as well if they may be: it learned from such ones.
    """
    if recipe.network:
        return recipe
    name = "strong" if epochs >= MANY_EPOCHS else recipe.augmentation
    is_mirrored = may_mirror and recipe.trained_stages is not None
    return replace(recipe, augmentation=f"{name}+flip" if is_mirrored else name)


def is_worth_measuring(step: LadderStep, most_passes: float, images: int) -> bool:
    """Return whether a step can be worthwhile that makes at most `most_passes` on so many images."""
    return images >= step.least_images and most_passes >= 2 * step.worthwhile_passes


def is_worthwhile(step: LadderStep, affordable_passes: float) -> bool:
    """Return whether `affordable_passes` of this step are enough for it to beat the one below."""
    return affordable_passes >= step.worthwhile_passes
