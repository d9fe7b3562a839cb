"""A finished model's folder, of each task."""

import pathlib

import pytest
import safetensors.torch

from darkroom_api.v1alpha1.common import Task
from darkroom_predict import description, listing
from darkroom_trainer.export import onnx_parity
from tests.unit.prediction.models import a_description, a_model, some_pixels


@pytest.fixture(scope="module", params=[Task.CLASSIFIER, Task.MULTILABEL_CLASSIFIER, Task.DETECTOR], ids=str)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return a finished model's folder, with both forms of the model."""
    path = tmp_path_factory.mktemp("model")
    described = a_description(request.param)
    model = a_model(described)
    safetensors.torch.save_file(model.state_dict(), path / description.WEIGHTS_NAME)
    description.write_description(described, path)
    onnx_parity.export_checked(model, described, path, some_pixels(4))
    names = [description.DESCRIPTION_NAME, description.WEIGHTS_NAME, description.ONNX_NAME]
    (path / listing.LIST_NAME).write_text(listing.build_list(path, names))
    return path
