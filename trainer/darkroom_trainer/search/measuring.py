"""What recipes cost on this machine, by a few timed steps, and the climb up the ladder that follows from it.

Owns the measuring; which step of the ladder is worthwhile is `recipe`'s rule. Must not keep what the timed steps
learned.
"""

import logging
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
import torch

from darkroom_predict.known_fields import keep_known
from darkroom_trainer.budget import meter as meters
from darkroom_trainer.loop import inference, memory, recipe as recipes, training_loop
from darkroom_trainer.runtime import device as devices, errors
from darkroom_trainer.search.pretrained import Pretrained
from darkroom_trainer.tasks.base import LearningTask, Targets
from darkroom_trainer.weights import detectors

LOG = logging.getLogger(__name__)

WARM_UP_STEPS: Final = 2
TIMED_STEPS: Final = 5
TIMED_LONE_STEPS: Final = 2
TIMED_AGAIN_STEPS: Final = 2
"""Of a recipe whose costs an earlier attempt has measured, after one that warms up."""
FINISHED_IMAGES: Final = 8
TIMED_LOOKS: Final = 3
TRAINED_LOOKS: Final = 3
"""A pass forwards and backwards, in passes forwards."""
MEASURING_LOOKS: Final = 200
"""About what it takes to measure a network that is frozen in part, in looks at an image."""
MEASURING_TIME_FRACTION: Final = 0.1
"""Of the time that is left, at most this goes into such a measurement: a small budget has better uses for it."""


@dataclass(frozen=True)
class MeasuredRecipe:
    """A recipe with what it costs, in charged seconds."""

    recipe: recipes.Recipe
    step_cost: float
    """Of a step on kept maps, where the recipe keeps any."""
    predict_image_cost: float
    million_parameters: float = 0.0
    finish_cost: float = 0.0
    look_cost: float = 0.0
    """What the frozen stages take for an image, where the network can be divided there."""
    map_bytes: int = 0
    lone_step_cost: float = 0.0
    """Of a step that one of several devices takes alone, on the whole batch, in what that device is charged."""

    @property
    def lone_share(self) -> float:
        """Return what a step of a device that trains alone costs, in steps that all devices share."""
        return self.lone_step_cost / self.step_cost if self.lone_step_cost and self.step_cost else 1.0

    def count_passes(self, seconds: float, images: int) -> float:
        """Return the image passes that fit; with kept maps, each of so many images is looked at once at least."""
        pass_cost = self.step_cost / self.recipe.batch_size
        looked_at = min(images, seconds / (pass_cost + self.look_cost))
        return max(looked_at, (seconds - images * self.look_cost) / pass_cost)

    @property
    def dearest_step(self) -> float:
        """Return what a step costs whose images were not looked at before."""
        return self.step_cost + self.look_cost * self.recipe.batch_size

    def average_step(self, passes: int, images: int) -> float:
        """Return what a step of a training with so many passes costs, its share of the looks included."""
        views = recipes.count_kept_views(passes // max(1, images), self.recipe.kept_views)
        looks = min(passes, views * images)
        return self.step_cost + self.look_cost * looks / passes * self.recipe.batch_size

    def scale(self, factor: float) -> "MeasuredRecipe":
        """Return it as on a machine that takes so many times as long."""
        return replace(self, **{cost: factor * getattr(self, cost) for cost in COSTS})

    def describe(self) -> dict[str, Any]:
        """Return the form for metrics.json."""
        return {**self.to_json(), "recipe": self.recipe.describe()}

    def to_json(self) -> dict[str, Any]:
        """Return the form that checkpoints carry."""
        return asdict(self)


COSTS: Final = ("step_cost", "predict_image_cost", "finish_cost", "look_cost", "lone_step_cost")
"""The fields of a MeasuredRecipe that a slower machine makes larger."""


def read_measured(found: dict[str, Any]) -> MeasuredRecipe:
    """Return what `to_json` wrote in this or another version."""
    known = keep_known(MeasuredRecipe, found)
    return MeasuredRecipe(**{**known, "recipe": recipes.read_recipe(known["recipe"])})


@dataclass(frozen=True)
class MeasuringSetup:
    """What timed steps need: a task, some targets (all rows usable), the machine, the meter, and pretrained weights."""

    task: LearningTask
    targets: Targets
    device: devices.Device
    meter: meters.Meter
    pretrained: Pretrained
    images: int
    """What there is to train on."""
    batch_divisor: int = 1
    """Divides every recipe's batch, after an attempt that ran out of memory."""


def measure_recipes(
    setup: MeasuringSetup, source_side_px: float, left_seconds: Callable[[], float]
) -> list[MeasuredRecipe]:
    """Return the trials that were measured, best last; `left_seconds` tells what is left for training."""
    names = _list_found(setup.pretrained)
    ladder = recipes.build_ladder(setup.task.kind, setup.pretrained.named, names, source_side_px)
    measured_recipes = [measure_recipe(setup, _build_recipe(setup, ladder[0], source_side_px))]
    networks, transformers = (
        [step for step in ladder[1:] if detectors.is_detector(step.backbone) is wanted] for wanted in (False, True)
    )
    for step in networks:
        recipe, last = _build_recipe(setup, step, source_side_px), measured_recipes[-1]
        most_passes = _bound_passes(last, recipe, left_seconds(), setup.images)
        if recipe == last.recipe or not recipes.is_worth_measuring(step, most_passes, setup.images):
            continue
        if recipe.trained_stages is not None and not _pays_measuring(setup, recipe, left_seconds):
            break
        try:
            measured = measure_recipe(setup, recipe)
        except errors.RunError as error:
            LOG.info("%s at %d px is too large: %s", recipe.backbone, recipe.image_size_px, error.message)
            break
        if not recipes.is_worthwhile(step, measured.count_passes(left_seconds(), setup.images)):
            measured_recipes.insert(0, measured)
            break
        measured_recipes.append(measured)
    for step in transformers:
        found = _measure_transformer(setup, step, source_side_px, measured_recipes[-1], left_seconds)
        measured_recipes += [found] if found is not None else []
    return measured_recipes


def _measure_transformer(
    setup: MeasuringSetup,
    step: recipes.LadderStep,
    source_side_px: float,
    last: MeasuredRecipe,
    left_seconds: Callable[[], float],
) -> MeasuredRecipe | None:
    """Return a step with a detector from other pictures; None where it is not worthwhile, or its files are wrong.

    They are looked at last: first what was measured before must leave it the passes that it needs.
    """
    most_passes = last.count_passes(left_seconds(), setup.images)
    if not recipes.is_worth_measuring(step, most_passes, setup.images) or setup.pretrained.find(step.backbone) is None:
        return None
    recipe = _build_recipe(setup, step, source_side_px)
    if recipe == last.recipe:
        return None
    look_cost = _glimpse(setup, recipe)
    if not recipes.is_worthwhile(step, left_seconds() / (TRAINED_LOOKS * look_cost)):
        return None
    try:
        measured = measure_recipe(setup, recipe)
    except errors.RunError as error:
        LOG.info("%s at %d px is too large: %s", recipe.backbone, recipe.image_size_px, error.message)
        return None
    passes = measured.count_passes(left_seconds(), setup.images)
    return measured if recipes.is_worthwhile(step, passes) else None


def _pays_measuring(setup: MeasuringSetup, recipe: recipes.Recipe, left_seconds: Callable[[], float]) -> bool:
    """Return whether what is left pays for measuring a recipe that is frozen in part."""
    look_cost = _glimpse(setup, recipe)
    return MEASURING_LOOKS * look_cost <= MEASURING_TIME_FRACTION * left_seconds()


def _glimpse(setup: MeasuringSetup, recipe: recipes.Recipe) -> float:
    """Return what one image's look takes, before timed steps take a good part of a small budget."""
    model = _build_model(setup, recipe).to(setup.device.torch_device).eval()
    side = recipe.image_size_px
    image = torch.rand(1, 3, side, side, device=setup.device.torch_device)
    with torch.inference_mode():
        return min(_time(setup, lambda: model(image)) for _ in range(2))


def _list_found(pretrained: Pretrained) -> list[str]:
    """Return the networks with weights; those of a named one are looked for now, a listed one's where they are used."""
    if pretrained.named is None:
        return pretrained.names
    return [pretrained.named] if pretrained.find(pretrained.named) is not None else []


def _bound_passes(last: MeasuredRecipe, recipe: recipes.Recipe, seconds: float, images: int) -> float:
    """Return how many passes a recipe makes at most, by what was measured last.

    A larger network makes no more than a smaller one, but for one that is frozen in part: its steps on kept maps may be
    the cheapest. Stages that are trained take at least three times what they took frozen, on as many pixels.
    """
    if recipe.trained_stages is not None and not last.look_cost:
        return math.inf
    if recipe.trained_stages is None and last.look_cost and recipe.backbone == last.recipe.backbone:
        pixels = (recipe.image_size_px / last.recipe.image_size_px) ** 2
        return seconds / (TRAINED_LOOKS * last.look_cost * pixels)
    return last.count_passes(seconds, images)


def suit_recipes(
    measured_recipes: list[MeasuredRecipe], images: int, left_seconds: float, *, may_mirror: bool
) -> list[MeasuredRecipe]:
    """Return them with recipes that suit how often the time left shows each of so many images, and the tags."""
    return [
        replace(one, recipe=_suit_recipe(one, images, left_seconds, may_mirror=may_mirror)) for one in measured_recipes
    ]


def _suit_recipe(measured: MeasuredRecipe, images: int, left_seconds: float, *, may_mirror: bool) -> recipes.Recipe:
    epochs = measured.count_passes(left_seconds, images) / images
    recipe = recipes.suit_repetition(measured.recipe, epochs, may_mirror=may_mirror)
    if not measured.look_cost:
        return recipe
    views = recipes.choose_kept_views(images, measured.look_cost, measured.map_bytes, left_seconds)
    return replace(recipe, kept_views=views)


def _build_recipe(setup: MeasuringSetup, step: recipes.LadderStep, source_side_px: float) -> recipes.Recipe:
    found = setup.pretrained.find(step.backbone)
    recipe = recipes.build_recipe(
        setup.task.kind,
        step,
        source_side_px,
        on_gpu=setup.device.is_gpu,
        has_weights=found is not None,
        network=found.network if found is not None else "",
    )
    return memory.shrink_batch(recipe, setup.batch_divisor)


def measure_again(
    setup: MeasuringSetup, recipe: recipes.Recipe, known: Sequence[MeasuredRecipe]
) -> list[MeasuredRecipe]:
    """Return what is known of recipes, scaled by how long this machine takes for steps of one of them, which is last.

    That one is measured as if it were new where it is not among them, or does not fit into memory as it did.
    """
    shape = recipes.find_dearest_shape(recipe)
    before = next((one for one in known if recipes.find_dearest_shape(one.recipe) == shape), None)
    if before is None:
        return [measure_recipe(setup, recipe)]
    try:
        learner = _build_learner(setup, recipe)
        _keep_looks(learner)
        steps = [_time(setup, lambda: learner.train_step(0.0)) for _ in range(1 + TIMED_AGAIN_STEPS)]
    except (RuntimeError, MemoryError):
        return [measure_recipe(setup, recipe)]
    factor = min(steps[1:]) / before.step_cost
    LOG.info("this machine takes %.2f times as long as the one that measured the recipes", factor)
    others = [one.scale(factor) for one in known if one is not before]
    return [*others, replace(before.scale(factor), recipe=recipe)]


def measure_recipe(setup: MeasuringSetup, recipe: recipes.Recipe) -> MeasuredRecipe:
    """Take a few steps and one prediction of noise images; returns the medians, with the largest batch that fits.

    Raises RunError(OutOfMemory) where not even one image does.
    """
    while True:
        try:
            return _time_recipe(setup, recipe)
        except (RuntimeError, MemoryError) as error:
            recipe = memory.recover(error, recipe, setup.device)


def _time_recipe(setup: MeasuringSetup, recipe: recipes.Recipe) -> MeasuredRecipe:
    learner = _build_learner(setup, recipe)
    data = learner.data
    look_cost, map_bytes = _time_looks(setup, learner)
    steps = [_time(setup, lambda: learner.train_step(0.0)) for _ in range(WARM_UP_STEPS + TIMED_STEPS)]
    lone_step_cost = _time_lone_step(setup, learner) if setup.device.count > 1 else 0.0
    # a model that knows what to compare crops with has more work to predict
    few = replace(data, rows=data.rows[:FINISHED_IMAGES])
    looked_at = few.rows if recipe.network else data.rows
    finish = _time(setup, lambda: setup.task.finish(learner.model, few))
    predict = [
        _time(setup, lambda: inference.predict_rows(learner.model, setup.task, data, looked_at, setup.device))
        for _ in range(2)
    ]
    measured = MeasuredRecipe(
        recipe=recipe,
        step_cost=statistics.median(steps[WARM_UP_STEPS:]),
        predict_image_cost=min(predict) / len(looked_at),
        million_parameters=sum(value.numel() for value in learner.model.parameters()) / 1e6,
        finish_cost=finish,
        look_cost=look_cost,
        map_bytes=map_bytes,
        lone_step_cost=lone_step_cost,
    )
    LOG.info("measured %s at %d px", recipe.backbone, recipe.image_size_px, extra={"trial": measured.describe()})
    return measured


def _build_learner(setup: MeasuringSetup, recipe: recipes.Recipe) -> training_loop.Learner:
    """Return a learner of the recipe at its dearest, on noise images."""
    rows = len(next(iter(setup.targets.values())))
    size = recipe.image_size_px
    data = training_loop.TrainingData(
        images=torch.randint(0, 256, (rows, size, size, 3), dtype=torch.uint8),
        targets=setup.targets,
        rows=np.arange(rows),
        mean=torch.full((3, 1, 1), 0.5, device=setup.device.torch_device),
        std=torch.full((3, 1, 1), 0.25, device=setup.device.torch_device),
    )
    model = _build_model(setup, recipe)
    dearest = recipes.unfreeze(recipe, recipes.TRANSFORMER_STAGES)
    learner = training_loop.Learner(setup.task, model, data, dearest, setup.device, seed=0)
    learner.peers = training_loop.Alone(size=setup.device.count)
    return learner


def _time_lone_step(setup: MeasuringSetup, learner: training_loop.Learner) -> float:
    """Return what a device that trains alone is charged for a step; the first one looks at what was in no slice."""
    learner.peers = training_loop.Alone()
    steps = [_time(setup, lambda: learner.train_step(0.0)) for _ in range(1 + TIMED_LONE_STEPS)]
    return statistics.median(steps[1:]) / setup.device.count


def _build_model(setup: MeasuringSetup, recipe: recipes.Recipe) -> torch.nn.Module:
    return setup.task.build_model(recipe.backbone, image_size_px=recipe.image_size_px, network=recipe.network)


def _time_looks(setup: MeasuringSetup, learner: training_loop.Learner) -> tuple[float, int]:
    """Return what the frozen stages take for an image, and the bytes of its maps; the steps then find them kept."""
    if not learner.is_divided:
        return 0.0, 0
    _keep_looks(learner)
    row = int(learner.data.rows[0])
    looks = [_time(setup, lambda: learner.look(0, row)) for _ in range(1 + TIMED_LOOKS)]
    return statistics.median(looks[1:]), learner.look(0, row).map_bytes


def _keep_looks(learner: training_loop.Learner) -> None:
    """Have what frozen stages say of each image kept, and as few images taken as a step looks at."""
    if learner.is_divided:
        learner.recipe = replace(learner.recipe, kept_views=1)
        learner.data = replace(learner.data, rows=learner.data.rows[: learner.recipe.batch_size])


def _time(setup: MeasuringSetup, work: Callable[[], object]) -> float:
    started = setup.meter.charged_seconds
    work()
    if setup.device.is_gpu:
        torch.cuda.synchronize(setup.device.torch_device)
    return setup.meter.charged_seconds - started
