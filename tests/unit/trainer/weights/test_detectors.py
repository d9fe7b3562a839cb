"""The names of detectors that learned from other pictures."""

import pytest

from darkroom_trainer.networks import backbones
from darkroom_trainer.weights import detectors


@pytest.mark.parametrize(
    ("files", "names"),
    [
        pytest.param(
            ["dfine_nano_coco/model.safetensors", "dfine_nano_coco/config.json"], ["dfine_nano_coco"], id="it"
        ),
        pytest.param(["dfine-nano-coco/model.safetensors"], ["dfine_nano_coco"], id="with the hyphens of hubs"),
        pytest.param(
            [f"{name}/model.safetensors" for name in ("dfine_own", "dfine_small_coco", "dfine-nano-coco")],
            ["dfine_nano_coco", "dfine_small_coco", "dfine_own"],
            id="published ones first, small to large",
        ),
        pytest.param(["dfine_nano_coco.safetensors", "resnet18/model.safetensors", "README"], [], id="others are not"),
    ],
)
def test_detectors_are_found_by_their_folders(files: list[str], names: list[str]) -> None:
    assert detectors.list_names(files) == names


def test_no_network_of_timm_has_such_a_name() -> None:
    assert not any(backbones.is_known(name) for name in detectors.PUBLISHED)
    assert not any(name.startswith(detectors.PREFIX) for name in backbones.suggest_names(detectors.PREFIX, 50))


def test_the_licence_of_a_file_that_nobody_published_is_not_known() -> None:
    assert detectors.find_licence("dfine_nano_coco") == "apache-2.0"
    assert detectors.find_licence("dfine_own") is None
