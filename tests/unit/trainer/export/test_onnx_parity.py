"""The exported file says what the model says, carries its description, and a difference does not pass unseen."""

import json
import pathlib

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from darkroom_api.v1alpha1.common import Task
from darkroom_predict import onnx_session
from darkroom_predict.description import ONNX_NAME, parse_metadata
from darkroom_trainer.export import onnx_model, onnx_parity
from tests.support.models import a_description, a_model, some_pixels

KINDS = [
    pytest.param(Task.CLASSIFIER, "test_resnet", id="classifier, convolutional"),
    pytest.param(Task.CLASSIFIER, "resnet18", id="classifier, a real one"),
    pytest.param(Task.CLASSIFIER, "test_efficientnet", id="classifier, mobile"),
    pytest.param(Task.CLASSIFIER, "test_vit", id="classifier, transformer"),
    pytest.param(Task.CLASSIFIER, "vit_pe_core_tiny_patch16_384", id="classifier, transformer with turned positions"),
    pytest.param(Task.CLASSIFIER, "tf_efficientnet_lite0", id="classifier, the embedded network"),
    pytest.param(Task.DETECTOR, "test_resnet", id="detector, convolutional"),
    pytest.param(Task.DETECTOR, "test_efficientnet", id="detector, mobile"),
    pytest.param(Task.DETECTOR, "test_vit", id="detector, transformer"),
    pytest.param(Task.MULTILABEL_CLASSIFIER, "test_resnet", id="multilabel, convolutional"),
    pytest.param(Task.MULTILABEL_CLASSIFIER, "test_vit", id="multilabel, transformer"),
]


@pytest.mark.parametrize(("task", "backbone"), KINDS)
def test_torch_and_onnx_agree(task: Task, backbone: str, tmp_path: pathlib.Path) -> None:
    description = a_description(task, backbone, size_px=64)
    model = a_model(description)
    parity = onnx_parity.export_checked(model, description, tmp_path, some_pixels(5, size_px=64))
    assert parity.agrees, parity
    assert parity.images == onnx_parity.MAX_IMAGES
    assert (parity.max_box_difference is None) == (task is not Task.DETECTOR)
    assert [file.name for file in tmp_path.iterdir()] == [ONNX_NAME]


def test_the_file_describes_itself(tmp_path: pathlib.Path) -> None:
    description = a_description(Task.DETECTOR)
    onnx_parity.export_checked(a_model(description), description, tmp_path, some_pixels(1))
    path = tmp_path / ONNX_NAME
    assert parse_metadata(onnx_session.OnnxModel(path).metadata, path) == description
    assert [node.name for node in onnx.load(path).graph.input] == ["images"]


def test_exporting_leaves_the_model_as_it_was(tmp_path: pathlib.Path, capfd: pytest.CaptureFixture[str]) -> None:
    description = a_description(Task.CLASSIFIER)
    model = a_model(description).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    onnx_parity.export_checked(model, description, tmp_path, some_pixels(2))
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert capfd.readouterr() == ("", "")


class Odd(nn.Module):
    """Sorts by a rule of its own, which no ONNX operator knows."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return nonsense."""
        numbers: torch.Tensor = torch.linalg.eigvals(images[:, 0, :3, :3]).real
        return numbers


def test_a_model_that_cannot_be_written_leaves_nothing(tmp_path: pathlib.Path) -> None:
    with pytest.raises(onnx_model.ExportFailed, match="linalg"):
        onnx_parity.export_checked(Odd(), a_description(Task.CLASSIFIER), tmp_path, some_pixels(2))
    assert list(tmp_path.iterdir()) == []


class TakesTheBatch(nn.Module):
    """Answers by the mean of the batch, which is right for one image only."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return three numbers an image."""
        return images.mean(dim=(2, 3)) * (10 if images.shape[0] == 3 else 1)


def test_a_file_that_differs_is_told_from_one_that_agrees(tmp_path: pathlib.Path) -> None:
    parity = onnx_parity.export_checked(
        TakesTheBatch(), a_description(Task.CLASSIFIER), tmp_path, some_pixels(4)
    )  # the trace remembers the factor of its own batch
    assert not parity.agrees
    assert parity.max_logit_difference > 0.1


@pytest.mark.parametrize(
    ("logits", "corners", "agrees"),
    [
        pytest.param(1e-5, None, True, id="near"),
        pytest.param(1e-5, 2e-4, False, id="boxes apart"),
        pytest.param(2e-4, 0.0, False, id="logits apart"),
        pytest.param(float("inf"), None, False, id="no number"),
    ],
)
def test_what_counts_as_agreeing(logits: float, corners: float | None, agrees: bool) -> None:
    record = onnx_parity.Parity(logits, corners, 4).to_json()
    assert record["agrees"] is agrees
    assert json.loads(json.dumps(record, allow_nan=False)) == record


@pytest.mark.parametrize(
    ("expected", "found", "difference"),
    [
        pytest.param([1, 0.5, 2, 0.5], [2, 0.5, 1, 0.5], 0.0, id="as likely, in another order"),
        pytest.param([1, 0.6, 2, 0.2], [1, 0.6, 3, 0.2], 0.0, id="the last of two as likely"),
        pytest.param([1, 0.6, 2, 0.3], [1, 0.6, 3, 0.2], 0.1, id="another name, less likely"),
        pytest.param([1, 0.6, 2, 0.2], [2, 0.6, 1, 0.2], 0.4, id="exchanged"),
        pytest.param([1, 0.6, 5, 0.0], [1, 0.6, 0, 0.0], 0.0, id="what is no name"),
        pytest.param([1, 0.6, 2, 0.2], [1, float("nan"), 2, 0.2], float("inf"), id="no number"),
    ],
)
def test_names_differ_by_their_probabilities_whatever_their_order(
    expected: list[float], found: list[float], difference: float
) -> None:
    sides = [np.array([[side]], dtype=np.float32) for side in (expected, found)]
    assert onnx_parity.compare_names(*sides) == pytest.approx(difference)


class NotANumber(nn.Module):
    """Divides nothing by nothing."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return three numbers an image that are none."""
        return torch.log(images.mean(dim=(2, 3)) - 1e9)


def test_outputs_that_are_no_numbers_never_agree(tmp_path: pathlib.Path) -> None:
    description = a_description(Task.CLASSIFIER)
    assert not onnx_parity.export_checked(NotANumber(), description, tmp_path, some_pixels(4)).agrees


def test_any_batch_goes_through_one_file(tmp_path: pathlib.Path) -> None:
    description = a_description(Task.CLASSIFIER)
    onnx_parity.export_checked(a_model(description), description, tmp_path, some_pixels(1))
    session = onnx_session.OnnxModel(tmp_path / ONNX_NAME, threads=1)
    images = onnx_session.build_input(some_pixels(7))
    alone = np.concatenate([session.run(image[None]) for image in images])
    assert np.allclose(session.run(images), alone, atol=1e-5)
