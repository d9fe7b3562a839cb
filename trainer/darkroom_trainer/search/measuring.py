"""What recipes cost on this machine, by a few timed steps, and the climb up the ladder that follows from it.

Owns the measuring; which step of the ladder is worthwhile is `recipe`'s rule. Must not keep what the timed steps
learned.
"""

import logging
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
import torch

from darkroom_trainer.budget import meter as meters
from darkroom_trainer.loop import inference, memory, recipe as recipes, training_loop
from darkroom_trainer.runtime import device as devices, errors
from darkroom_trainer.search.pretrained import Pretrained
from darkroom_trainer.tasks.base import LearningTask, Targets

LOG = logging.getLogger(__name__)

WARM_UP_STEPS: Final = 2
TIMED_STEPS: Final = 5
FINISHED_IMAGES: Final = 8


@dataclass(frozen=True)
class MeasuredRecipe:
    """A recipe with what it costs, in charged seconds."""

    recipe: recipes.Recipe
    step_cost: float
    predict_image_cost: float
    million_parameters: float = 0.0
    finish_cost: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the form for metrics.json."""
        return asdict(self)


@dataclass(frozen=True)
class MeasuringSetup:
    """What timed steps need: a task, some targets (all rows usable), the machine, the meter, and pretrained weights."""

    task: LearningTask
    targets: Targets
    device: devices.Device
    meter: meters.Meter
    pretrained: Pretrained
    batch_divisor: int = 1
    """Divides every recipe's batch, after an attempt that ran out of memory."""


def measure_recipes(
    setup: MeasuringSetup, source_side_px: float, left_seconds: Callable[[], float]
) -> list[MeasuredRecipe]:
    """Return the trials that were measured, best last; `left_seconds` tells what is left for training."""
    ladder, at = recipes.build_ladder(setup.task.kind, setup.pretrained.named, setup.pretrained.names), 0
    measured_recipes = [measure_recipe(setup, _build_recipe(setup, ladder[0], source_side_px))]
    while recipes.is_next_worth_measuring(ladder, at, _count_passes(measured_recipes[-1], left_seconds())):
        at += 1
        recipe = _build_recipe(setup, ladder[at], source_side_px)
        if recipe == measured_recipes[-1].recipe:
            continue
        try:
            measured = measure_recipe(setup, recipe)
        except errors.RunError as error:
            LOG.info("%s at %d px is too large: %s", recipe.backbone, recipe.image_size_px, error.message)
            break
        if not recipes.is_worthwhile(ladder[at], _count_passes(measured, left_seconds())):
            measured_recipes.insert(0, measured)
            break
        measured_recipes.append(measured)
    return measured_recipes


def suit_recipes(measured_recipes: list[MeasuredRecipe], images: int, left_seconds: float) -> list[MeasuredRecipe]:
    """Return them with recipes that suit how often the time left shows each of so many images."""
    return [
        replace(one, recipe=recipes.suit_repetition(one.recipe, _count_passes(one, left_seconds) / images))
        for one in measured_recipes
    ]


def _build_recipe(setup: MeasuringSetup, step: recipes.LadderStep, source_side_px: float) -> recipes.Recipe:
    kind, has_weights = setup.task.kind, setup.pretrained.find(step.backbone) is not None
    recipe = recipes.build_recipe(kind, step, source_side_px, on_gpu=setup.device.is_gpu, has_weights=has_weights)
    return memory.shrink_batch(recipe, setup.batch_divisor)


def _count_passes(measured: MeasuredRecipe, seconds: float) -> float:
    return seconds / measured.step_cost * measured.recipe.batch_size


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
    rows = len(next(iter(setup.targets.values())))
    size = recipe.image_size_px
    data = training_loop.TrainingData(
        images=torch.randint(0, 256, (rows, size, size, 3), dtype=torch.uint8),
        targets=setup.targets,
        rows=np.arange(rows),
        mean=torch.full((3, 1, 1), 0.5, device=setup.device.torch_device),
        std=torch.full((3, 1, 1), 0.25, device=setup.device.torch_device),
    )
    model = setup.task.build_model(recipe.backbone, image_size_px=size)
    learner = training_loop.Learner(setup.task, model, data, recipe, setup.device, seed=0)
    learner.peers = training_loop.Alone(size=setup.device.count)
    steps = [_time(setup, lambda: learner.train_step(0.0)) for _ in range(WARM_UP_STEPS + TIMED_STEPS)]
    # a model that knows what to compare crops with has more work to predict
    few = replace(data, rows=data.rows[:FINISHED_IMAGES])
    finish = _time(setup, lambda: setup.task.finish(learner.model, few))
    predict = [
        _time(setup, lambda: inference.predict_rows(learner.model, setup.task, data, data.rows, setup.device))
        for _ in range(2)
    ]
    parameters = sum(value.numel() for value in model.parameters()) / 1e6
    measured = MeasuredRecipe(recipe, statistics.median(steps[WARM_UP_STEPS:]), min(predict) / rows, parameters, finish)
    LOG.info("measured %s at %d px", recipe.backbone, size, extra={"trial": measured.to_json()})
    return measured


def _time(setup: MeasuringSetup, work: Callable[[], object]) -> float:
    started = setup.meter.charged_seconds
    work()
    if setup.device.is_gpu:
        torch.cuda.synchronize(setup.device.torch_device)
    return setup.meter.charged_seconds - started
