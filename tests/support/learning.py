"""Tiny data and learners for the tests of the trainer; seeds fixed, nothing read from outside.

Owns a clock that only steps move, so that a time budget means a number of steps.
"""

import json
import pathlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from darkroom_trainer.budget import meter
from darkroom_trainer.data.records.dataset import Example
from darkroom_trainer.loop import training_loop
from darkroom_trainer.loop.recipe import Recipe
from darkroom_trainer.runtime import device
from darkroom_trainer.tasks import classifier, detector
from darkroom_trainer.tasks.base import LearningTask
from darkroom_trainer.training import frozen_features
from tests.local_storage import LOCAL as LOCAL, a_local_place as a_local_place
from tests.support.pretrained import detectors, embedded

LABELS = ("blue", "green", "red")
COLORS = ((40, 60, 220), (30, 180, 60), (220, 40, 40))
CPU = device.Device(torch.device("cpu"), threads=1)
QUIET = training_loop.Hooks(observe=lambda _share, _loss: None, keep=lambda _learner: None)


class StepClock:
    """A clock that moves one second a step, however long the step takes."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the seconds so far."""
        return self.now

    def drive(self, learner: training_loop.Learner) -> training_loop.Learner:
        """Make the learner's steps move this clock."""
        step = learner.train_step

        def stepping(share: float) -> torch.Tensor:
            self.now += 1.0
            return step(share)

        learner.train_step = stepping  # type: ignore[method-assign]
        return learner


def a_task(name: str) -> LearningTask:
    """Return the classifier or the detector of three tags; `transformer` is a detector too."""
    return classifier.Classifier(LABELS) if name == "classifier" else detector.Detector(LABELS)


def an_example(label: int, *, boxed: bool, box: tuple[float, ...] = (0.25, 0.25, 0.5, 0.5)) -> Example:
    """Return an example without a file."""
    boxes = np.array([box] if boxed else np.zeros((0, 4)), dtype=np.float32)
    return Example(1, "a.png", pathlib.Path("a.png"), 32, 32, (label,), boxes)


def a_learner(name: str, *, seed: int = 3, images: int = 12) -> training_loop.Learner:
    """Return a learner on random images of 32 px."""
    task = a_task(name)
    examples = [an_example(at % 3, boxed=name != "classifier") for at in range(images)]
    rows = np.arange(images)
    generator = torch.Generator().manual_seed(seed)
    data = training_loop.TrainingData(
        images=torch.randint(0, 256, (images, 32, 32, 3), dtype=torch.uint8, generator=generator),
        targets=task.build_targets(examples, rows),
        rows=rows,
        mean=torch.full((3, 1, 1), 0.5),
        std=torch.full((3, 1, 1), 0.25),
    )
    torch.manual_seed(seed)
    recipe = Recipe("test_resnet", 32, 4, 1e-3)
    if name == "transformer":
        recipe = replace(recipe, backbone=detectors.NAME, trained_stages=2, network=detectors.a_network())
    model = task.build_model(recipe.backbone, image_size_px=32, network=recipe.network)
    return training_loop.Learner(task, model, data, recipe, CPU, seed)


def a_pretrained_learner(name: str, trained_stages: int | None) -> training_loop.Learner:
    """Return a learner that starts from embedded weights and keeps what its frozen stages say of two variations."""
    plain = a_learner(name)
    recipe = replace(plain.recipe, backbone=embedded.NAME, trained_stages=trained_stages, kept_views=2)
    torch.manual_seed(plain.seed)
    model = plain.task.build_model(embedded.NAME, embedded.load_embedded(), recipe.image_size_px)
    return training_loop.Learner(plain.task, model, plain.data, recipe, CPU, plain.seed)


def leave_to_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fit no head: coloured squares are so easy for one that a network would have no part in the answers."""
    monkeypatch.setattr(frozen_features, "search_head", lambda _run: None)


def a_meter(clock: StepClock) -> meter.Meter:
    """Return a meter at rate 1."""
    return meter.Meter(clock=clock)


def write_squares(folder: pathlib.Path, count: int, *, boxed: bool, seed: int = 0) -> pathlib.Path:
    """Write `count` pictures with a coloured square each and their COCO file; returns the file."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for number in range(1, count + 1):
        label = number % 3
        pixels = random.integers(90, 130, (48, 48, 3)).astype(np.uint8)
        left, top, side = (int(value) for value in (*random.integers(2, 18, 2), random.integers(18, 26)))
        pixels[top : top + side, left : left + side] = COLORS[label]
        name = f"{folder.name}-{number}.png"
        Image.fromarray(pixels).save(folder / name)
        images.append({"id": number, "file_name": name, "width": 48, "height": 48})
        annotation: dict[str, Any] = {"id": number, "image_id": number, "category_id": label + 1}
        if boxed:
            annotation["bbox"] = [left / 48, top / 48, side / 48, side / 48]
        annotations.append(annotation)
    categories = [{"id": at + 1, "name": name} for at, name in enumerate(LABELS)]
    path = folder / "annotations.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path
