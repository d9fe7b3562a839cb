"""The exported file says what frozen-feature classifiers, ensembles and product recognizers say."""

import pathlib

import pytest
import torch
from torch import nn

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.export import onnx_parity
from darkroom_trainer.heads import ensemble as ensembles
from darkroom_trainer.networks.detector_network import find_network
from darkroom_trainer.networks.recognizer_network import RecognizerNetwork
from tests.unit.prediction.frozen_classifiers import a_frozen_classifier
from tests.unit.prediction.models import a_description, a_model, some_pixels

TAGGING = [Task.CLASSIFIER, Task.MULTILABEL_CLASSIFIER]


@pytest.mark.parametrize("kind", ["linear", "kernel", "neighbours", "prototypes"])
@pytest.mark.parametrize("task", TAGGING, ids=str)
def test_frozen_classifiers_agree_alone_and_in_an_ensemble(task: Task, kind: str, tmp_path: pathlib.Path) -> None:
    description = a_description(task)
    head = a_frozen_classifier(kind, is_multilabel=task is Task.MULTILABEL_CLASSIFIER)
    for share in (1.0, 0.25):
        model = ensembles.join_models(task, a_model(description), head, share)
        parity = onnx_parity.export_checked(model, description, tmp_path, some_pixels(4))
        assert parity.agrees, (share, parity)


class Surer(nn.Module):
    """Answers as `model` does, but many times as sure."""

    def __init__(self, model: nn.Module, times: float) -> None:
        super().__init__()
        self.model, self.times = model, times

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits further from zero."""
        logits: torch.Tensor = self.times * self.model(images)
        return logits


@pytest.mark.parametrize("task", TAGGING, ids=str)
def test_a_very_sure_ensemble_agrees(task: Task, tmp_path: pathlib.Path) -> None:
    """Probabilities of such logits are 0 or 1 in float32, and a logarithm of those is no number."""
    description = a_description(task)
    head = a_frozen_classifier("linear", is_multilabel=task is Task.MULTILABEL_CLASSIFIER)
    model = ensembles.join_models(task, Surer(head, 20), Surer(head, 30), 0.5)
    assert model(torch.rand(4, 3, 32, 32)).abs().max() > 20
    parity = onnx_parity.export_checked(model, description, tmp_path, some_pixels(4))
    assert parity.agrees, parity


def test_product_recognizers_agree(tmp_path: pathlib.Path) -> None:
    description = a_description(Task.PRODUCT_RECOGNIZER, size_px=64)
    model = a_model(description)
    assert isinstance(model, RecognizerNetwork)
    model.prototypes.copy_(nn.functional.normalize(torch.randn_like(model.prototypes), dim=1))
    model.is_known.fill_(1)
    pixels = some_pixels(4, size_px=64)
    told = model.eval()(torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255)
    assert len(told[..., 2].unique()) > 1, "several products are named"
    parity = onnx_parity.export_checked(model, description, tmp_path, pixels)
    assert parity.agrees, parity
    assert parity.max_box_difference is not None


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_detectors_agree_whatever_their_crops_say(share: float, tmp_path: pathlib.Path) -> None:
    description = a_description(Task.DETECTOR, size_px=64)
    model = a_model(description)
    network = find_network(model)
    network.prototypes.copy_(nn.functional.normalize(torch.randn_like(network.prototypes), dim=1))
    network.is_known.fill_(1)
    network.crop_share.fill_(share)
    parity = onnx_parity.export_checked(model.eval(), description, tmp_path, some_pixels(4, size_px=64))
    assert parity.agrees, parity
    assert parity.max_box_difference is not None
