"""The exported file says what models of every task say that look at photographs with the embedded weights."""

import pathlib

import pytest
import torch
from torch import nn

from darkroom_api.v1alpha1.common import Task
from darkroom_predict.description import ModelDescription
from darkroom_trainer.export import onnx_parity
from darkroom_trainer.heads import ensemble as ensembles
from darkroom_trainer.networks import frozen_networks, stages
from darkroom_trainer.networks.detector_network import find_network
from darkroom_trainer.networks.recognizer_network import RecognizerNetwork
from darkroom_trainer.tasks.registry import build_task
from tests.support.models import a_description
from tests.support.pretrained.embedded import NAME, load_embedded, some_photographs
from tests.unit.trainer.export.frozen_classifiers import a_frozen_classifier

TAGGING = [Task.CLASSIFIER, Task.MULTILABEL_CLASSIFIER]
SIZE_PX = 96


def a_pretrained_model(description: ModelDescription) -> nn.Module:
    """Return the task's network: embedded weights, followed by what is new, which says something."""
    torch.manual_seed(1)
    task = build_task(description.task, description.labels)
    model = task.build_model(NAME, load_embedded(), description.preprocessing.image_size_px)
    with torch.no_grad():
        for value, _ in stages.freeze(model, NAME, 0).rates:
            value.add_(0.05 * torch.randn_like(value))
    if description.task in (Task.DETECTOR, Task.PRODUCT_RECOGNIZER):
        namer = model if isinstance(model, RecognizerNetwork) else find_network(model)
        namer.prototypes.copy_(nn.functional.normalize(torch.randn_like(namer.prototypes), dim=1))
        namer.is_known.fill_(1)
    if description.task is Task.DETECTOR:
        find_network(model).crop_share.fill_(0.5)
    return model.eval()


@pytest.mark.parametrize("task", Task, ids=str)
def test_networks_on_embedded_weights_agree(task: Task, tmp_path: pathlib.Path) -> None:
    description = a_description(task, NAME, SIZE_PX)
    model, pixels = a_pretrained_model(description), some_photographs(4, SIZE_PX)
    outputs = model(torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255)
    assert not torch.allclose(outputs[0], outputs[1], atol=1e-2), "it tells photographs apart"
    parity = onnx_parity.export_checked(model, description, tmp_path, pixels)
    assert parity.agrees, parity
    assert (parity.max_box_difference is None) == (task in TAGGING)


@pytest.mark.parametrize("share", [0.25, 1.0], ids=["in an ensemble", "alone"])
@pytest.mark.parametrize("task", TAGGING, ids=str)
def test_classifiers_on_frozen_embedded_features_agree(task: Task, share: float, tmp_path: pathlib.Path) -> None:
    look = frozen_networks.read_look(NAME)
    frozen = frozen_networks.build_frozen_network(NAME, look, SIZE_PX, load_embedded())
    head = a_frozen_classifier(
        "linear", is_multilabel=task is Task.MULTILABEL_CLASSIFIER, size_px=SIZE_PX, networks={NAME: frozen}
    )
    description = a_description(task, NAME, SIZE_PX)
    model = ensembles.join_models(task, a_pretrained_model(description), head, share)
    parity = onnx_parity.export_checked(model, description, tmp_path, some_photographs(4, SIZE_PX))
    assert parity.agrees, parity
