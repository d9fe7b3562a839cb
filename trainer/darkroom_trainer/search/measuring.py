"""What recipes cost on this machine, by a few timed steps, and the climb up the ladder that follows from it.

Owns the measuring; which rung is worthwhile is `recipe`'s rule. Must not keep what the timed steps learned.
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
class Trial:
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
class Bench:
    """What timed steps need: a task, some targets (all rows usable), the machine, the meter, and pretrained weights."""

    task: LearningTask
    targets: Targets
    device: devices.Device
    meter: meters.Meter
    pretrained: Pretrained
    batch_divisor: int = 1
    """Divides every recipe's batch, after an attempt that ran out of memory."""


def choose_trial(bench: Bench, source_side_px: float, left_seconds: Callable[[], float]) -> list[Trial]:
    """Return the trials that were measured, best last; `left_seconds` tells what is left for training."""
    ladder, at = recipes.build_ladder(bench.task.kind, bench.pretrained.named, bench.pretrained.names), 0
    trials = [measure_trial(bench, _build_candidate(bench, ladder[0], source_side_px))]
    while recipes.is_next_worth_measuring(ladder, at, _count_passes(trials[-1], left_seconds())):
        at += 1
        candidate = _build_candidate(bench, ladder[at], source_side_px)
        if candidate == trials[-1].recipe:
            continue
        try:
            trial = measure_trial(bench, candidate)
        except errors.RunError as error:
            LOG.info("%s at %d px is too large: %s", candidate.backbone, candidate.image_size_px, error.message)
            break
        if not recipes.is_worthwhile(ladder[at], _count_passes(trial, left_seconds())):
            trials.insert(0, trial)
            break
        trials.append(trial)
    return trials


def suit_trials(trials: list[Trial], images: int, left_seconds: float) -> list[Trial]:
    """Return the trials with recipes that suit how often the time left shows each of so many images."""
    return [
        replace(trial, recipe=recipes.suit_repetition(trial.recipe, _count_passes(trial, left_seconds) / images))
        for trial in trials
    ]


def _build_candidate(bench: Bench, rung: recipes.Rung, source_side_px: float) -> recipes.Recipe:
    kind, has_weights = bench.task.kind, bench.pretrained.find(rung.backbone) is not None
    recipe = recipes.build_recipe(kind, rung, source_side_px, on_gpu=bench.device.is_gpu, has_weights=has_weights)
    return memory.shrink_batch(recipe, bench.batch_divisor)


def _count_passes(trial: Trial, seconds: float) -> float:
    return seconds / trial.step_cost * trial.recipe.batch_size


def measure_trial(bench: Bench, recipe: recipes.Recipe) -> Trial:
    """Take a few steps and one prediction of noise images; returns the medians, with the largest batch that fits.

    Raises RunError(OutOfMemory) where not even one image does.
    """
    while True:
        try:
            return _measure_trial(bench, recipe)
        except (RuntimeError, MemoryError) as error:
            recipe = memory.recover(error, recipe, bench.device)


def _measure_trial(bench: Bench, recipe: recipes.Recipe) -> Trial:
    rows = len(next(iter(bench.targets.values())))
    size = recipe.image_size_px
    data = training_loop.TrainingData(
        images=torch.randint(0, 256, (rows, size, size, 3), dtype=torch.uint8),
        targets=bench.targets,
        rows=np.arange(rows),
        mean=torch.full((3, 1, 1), 0.5, device=bench.device.place),
        deviation=torch.full((3, 1, 1), 0.25, device=bench.device.place),
    )
    model = bench.task.build_model(recipe.backbone, image_size_px=size)
    learner = training_loop.Learner(bench.task, model, data, recipe, bench.device, seed=0)
    learner.peers = training_loop.Alone(size=bench.device.count)
    steps = [_time(bench, lambda: learner.train_step(0.0)) for _ in range(WARM_UP_STEPS + TIMED_STEPS)]
    # a model that knows what to compare crops with has more work to predict
    few = replace(data, rows=data.rows[:FINISHED_IMAGES])
    finish = _time(bench, lambda: bench.task.finish(learner.model, few))
    predict = [
        _time(bench, lambda: inference.predict_rows(learner.model, bench.task, data, data.rows, bench.device))
        for _ in range(2)
    ]
    parameters = sum(value.numel() for value in model.parameters()) / 1e6
    trial = Trial(recipe, statistics.median(steps[WARM_UP_STEPS:]), min(predict) / rows, parameters, finish)
    LOG.info("measured %s at %d px", recipe.backbone, size, extra={"trial": trial.to_json()})
    return trial


def _time(bench: Bench, work: Callable[[], object]) -> float:
    started = bench.meter.charged_seconds
    work()
    if bench.device.is_gpu:
        torch.cuda.synchronize(bench.device.place)
    return bench.meter.charged_seconds - started
