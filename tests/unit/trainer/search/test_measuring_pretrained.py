"""When what is left pays for measuring a network with pretrained weights that is frozen in part."""

import pathlib
from dataclasses import replace
from typing import Any

import pytest
import safetensors.torch
import torch

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.loop.training_loop import Learner
from darkroom_trainer.networks import backbones as embedders
from darkroom_trainer.search import measuring
from darkroom_trainer.search.pretrained import Pretrained
from darkroom_trainer.tasks.classifier import Classifier
from darkroom_trainer.weights import finding, locations
from tests.support.learning import StepClock
from tests.unit.trainer.search.test_measuring import a_setup

PRETRAINED = "test_resnet.r160_in1k"


@pytest.mark.parametrize(
    ("left_seconds", "backbones"),
    [
        pytest.param(25.0, {"test_resnet", PRETRAINED}, id="200 looks of 10 ms are less than a tenth"),
        pytest.param(15.0, {"test_resnet"}, id="they are more"),
    ],
)
def test_a_small_budget_is_not_spent_on_measuring_a_pretrained_network(
    left_seconds: float, backbones: set[str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensors = embedders.build_embedder(PRETRAINED)[0].state_dict()
    safetensors.torch.save_file(tensors, tmp_path / f"{PRETRAINED}.safetensors")
    clock, build, step = StepClock(), Classifier.build_model, Learner.train_step

    def build_slow(task: Classifier, *arguments: Any, **named: Any) -> torch.nn.Module:
        model = build(task, *arguments, **named)
        model.register_forward_pre_hook(lambda _model, inputs: spend(0.01 * len(inputs[0])))
        return model

    def step_slowly(learner: Learner, share: float) -> torch.Tensor:
        spend(0.01)
        return step(learner, share)

    def spend(seconds: float) -> None:
        clock.now += seconds

    monkeypatch.setattr(Classifier, "build_model", build_slow)
    monkeypatch.setattr(Learner, "train_step", step_slowly)
    pretrained = Pretrained(finding.Sources((locations.FolderSource(tmp_path),)), Task.CLASSIFIER, None)
    found = measuring.measure_recipes(replace(a_setup(clock), pretrained=pretrained), 96.0, lambda: left_seconds)
    assert {one.recipe.backbone for one in found} == backbones
