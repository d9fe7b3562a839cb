"""Where weights are found, and which files are refused with which words."""

import pathlib

import pytest
import torch

from darkroom_api.conditions import Reason
from darkroom_api.run_config import Weights
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.tasks.classifier import Classifier
from darkroom_trainer.weights.files import load_tensors
from darkroom_trainer.weights.finding import explain_missing, find_weights, list_available, open_sources
from tests.local_storage import a_local_place
from tests.unit.trainer.weights.places import NAME, Pack, put, sources_of, sum_of

PLACES = {
    "by its name": f"{NAME}.safetensors",
    "by its name with timm's usual tag": f"{NAME}.r160_in1k.safetensors",
    "in a folder of its own": f"{NAME}/model.safetensors",
    "in a folder with the tag": f"{NAME}.r160_in1k/model.safetensors",
}


@pytest.mark.parametrize("file", PLACES.values(), ids=PLACES.keys())
@pytest.mark.parametrize("asked", [NAME, f"{NAME}.r160_in1k"])
def test_weights_are_found(file: str, asked: str, mounted: pathlib.Path, tmp_path: pathlib.Path, pack: Pack) -> None:
    put(mounted, {file: pack(NAME)})
    found = find_weights(asked, sources_of(mounted, tmp_path))
    assert found is not None
    assert (found.path, found.source) == (mounted / file, str(mounted / file))
    assert (found.sha256, found.is_verified, found.licence) == (sum_of(pack(NAME)), False, "apache-2.0")
    assert found.matched_tensors == found.total_tensors > 20
    assert "path" not in found.to_json()


def test_what_is_found_is_what_a_model_starts_from(mounted: pathlib.Path, tmp_path: pathlib.Path, pack: Pack) -> None:
    put(mounted, {f"{NAME}.safetensors": pack(NAME)})
    found = find_weights(NAME, sources_of(mounted, tmp_path))
    assert found is not None
    tensors = load_tensors(found)
    model = Classifier(("a", "b")).build_model(NAME, tensors, 64)
    own = model.state_dict()
    assert all(torch.equal(own[name], tensor) for name, tensor in tensors.items())


REFUSED = {
    "another network's": ("test_convnext", None, "is not of test_resnet: 0 of its"),
    "a form that is not safetensors": (None, b"\x80\x04not tensors", "is not a safetensors file"),
    "nothing": (None, b"", "is not a safetensors file"),
}


@pytest.mark.parametrize(("packed", "data", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_a_wrong_file_is_refused(
    packed: str | None, data: bytes | None, says: str, mounted: pathlib.Path, tmp_path: pathlib.Path, pack: Pack
) -> None:
    put(mounted, {f"{NAME}.safetensors": data if packed is None else pack(packed)})  # type: ignore[dict-item]
    with pytest.raises(RunError, match=says) as caught:
        find_weights(NAME, sources_of(mounted, tmp_path))
    assert caught.value.reason is Reason.INVALID_CONFIGURATION


@pytest.mark.parametrize("file", [f"{NAME}.pth", f"{NAME}/pytorch_model.bin"])
def test_a_file_that_may_hold_code_is_named_and_left_alone(
    file: str, mounted: pathlib.Path, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(mounted, {file: b"code"})
    assert find_weights(NAME, sources_of(mounted, tmp_path)) is None
    assert f"{file} in {mounted} is not read, since it may hold code" in caplog.text


def test_weights_that_not_everybody_may_use_are_warned_of(
    mounted: pathlib.Path, tmp_path: pathlib.Path, pack: Pack, caplog: pytest.LogCaptureFixture
) -> None:
    name = "convnextv2_atto.fcmae"
    put(mounted, {f"{name}.safetensors": pack(name)})
    found = find_weights(name, sources_of(mounted, tmp_path))
    assert found is not None
    assert found.licence == "cc-by-nc-4.0"
    assert "under cc-by-nc-4.0, which may not allow your use" in caplog.text


def test_without_sources_a_network_starts_from_random_weights(mounted: pathlib.Path, tmp_path: pathlib.Path) -> None:
    sources = open_sources(Weights(location=a_local_place(tmp_path / "b"), hub="https://hub.test"), tmp_path, mounted)
    said = f"no weights for resnet18 in {mounted} or {tmp_path / 'b'} or https://hub.test"
    assert explain_missing("resnet18", sources) == f"{said}, so it starts from random weights"
    assert list_available(sources_of(mounted, tmp_path), Task.CLASSIFIER) == []
