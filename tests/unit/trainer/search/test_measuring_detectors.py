"""What a detector that learned from other pictures costs, and when it is worth measuring."""

import pathlib
from typing import Any

import numpy as np
import pytest
import torch

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.loop.recipe import TRANSFORMER_STAGES
from darkroom_trainer.loop.training_loop import Learner
from darkroom_trainer.networks.detection_transformer import DetectionTransformer
from darkroom_trainer.search import measuring
from darkroom_trainer.search.pretrained import Pretrained
from darkroom_trainer.weights import finding, locations
from tests.support.learning import CPU, StepClock, a_meter, a_task, an_example
from tests.support.pretrained import detectors


class SlowQueries:
    """Makes a detection transformer take a second an image, others hardly anything; keeps what was trained of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, clock: StepClock) -> None:
        self.stages: set[int | None] = set()
        ask, step = DetectionTransformer.forward, Learner.train_step

        def forward(network: DetectionTransformer, images: torch.Tensor) -> Any:
            clock.now += len(images)
            return ask(network, images)

        def train_step(learner: Learner, share: float) -> torch.Tensor:
            clock.now += 0.01
            if learner.recipe.network:
                self.stages.add(learner.recipe.trained_stages)
            return step(learner, share)

        monkeypatch.setattr(DetectionTransformer, "forward", forward)
        monkeypatch.setattr(Learner, "train_step", train_step)


@pytest.mark.parametrize(
    ("left_seconds", "backbones", "stages"),
    [
        pytest.param(1e5, ["test_resnet", detectors.NAME], {TRANSFORMER_STAGES}, id="last, with all of it trained"),
        pytest.param(1e3, ["test_resnet"], set(), id="no step is timed where one look says that too few would fit"),
    ],
)
def test_a_detector_that_learned_from_other_pictures_is_measured(
    left_seconds: float,
    backbones: list[str],
    stages: set[int],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    detectors.write_detector(tmp_path / detectors.NAME)
    clock, task = StepClock(), a_task("detector")
    slow = SlowQueries(monkeypatch, clock)
    targets = task.build_targets([an_example(at % 3, boxed=True) for at in range(4)], np.arange(4))
    pretrained = Pretrained(finding.Sources((locations.FolderSource(tmp_path),)), Task.DETECTOR, None)
    setup = measuring.MeasuringSetup(task, targets, CPU, a_meter(clock), pretrained, 4)
    found = measuring.measure_recipes(setup, 96.0, lambda: left_seconds)
    assert [one.recipe.backbone for one in found] == backbones
    assert slow.stages == stages
