"""Which pretrained networks are used as fixed features, by what an image costs."""

import pathlib

import pytest
import safetensors.torch
import torch

from darkroom_api.run_config import Command, Weights
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.networks import backbones
from darkroom_trainer.runtime.device import Device
from darkroom_trainer.search import frozen_admission, pretrained as pretraining
from tests.local_storage import a_local_place
from tests.unit.trainer import tiny_runs

NAMES = ["test_resnet.r160_in1k", "convnext_atto.d2_in1k"]
CPU = Device(torch.device("cpu"), 1)


@pytest.fixture
def pretrained(tmp_path: pathlib.Path) -> pretraining.Pretrained:
    """Return the weights of two networks, small and larger."""
    (tmp_path / "nets").mkdir()
    for name in NAMES:
        model, _ = backbones.build_embedder(name)
        safetensors.torch.save_file(model.state_dict(), tmp_path / "nets" / f"{name}.safetensors")
    weights = Weights(location=a_local_place(tmp_path / "nets"), embedded=False)
    config = tiny_runs.a_config(Command.TRAIN, Task.CLASSIFIER, tmp_path / "train.json", weights=weights)
    return pretraining.open_pretrained(config, Task.CLASSIFIER, tmp_path / "work")


LEFT = {
    "all can be paid for": (100.0, NAMES),
    "the first is worth half of the time, a further one little": (2.0, NAMES[:1]),
    "not even the first": (0.2, []),
    "no time is left": (0.0, []),
}


@pytest.mark.parametrize(("left_seconds", "names"), LEFT.values(), ids=LEFT.keys())
def test_networks_are_used_whose_features_of_all_images_fit_into_their_part_of_the_time(
    left_seconds: float, names: list[str], pretrained: pretraining.Pretrained
) -> None:
    meter = Meter(clock=tiny_runs.TickingClock())  # four images take a tick
    found = frozen_admission.admit_networks(pretrained, CPU, meter, images=10, left_seconds=left_seconds)
    assert list(found) == names
    assert all(network.look.size_px == network.source_px for network in found.values())


@pytest.mark.parametrize(
    ("left_seconds", "names"),
    [
        pytest.param(100.0, ["test_vit", "test_vit:mean"], id="a transformer comes with both ways of pooling"),
        pytest.param(2.0, ["test_vit"], id="the second is paid for like a further network"),
    ],
)
def test_how_a_transformer_is_pooled_is_left_to_cross_validation(
    left_seconds: float, names: list[str], tmp_path: pathlib.Path
) -> None:
    model, _ = backbones.build_embedder("test_vit", image_size_px=160)
    safetensors.torch.save_file(model.state_dict(), tmp_path / "test_vit.safetensors")
    weights = Weights(location=a_local_place(tmp_path), embedded=False)
    config = tiny_runs.a_config(
        Command.TRAIN, Task.CLASSIFIER, tmp_path / "train.json", weights=weights, backbone="test_vit"
    )
    found = pretraining.open_pretrained(config, Task.CLASSIFIER, tmp_path / "work")
    admitted = frozen_admission.admit_networks(
        found, CPU, Meter(clock=tiny_runs.TickingClock()), images=10, left_seconds=left_seconds
    )
    assert list(admitted) == names
    images = torch.rand(1, 3, 160, 160)
    answers = [network(images) for network in admitted.values()]
    assert all(float(answer.norm()) == pytest.approx(1.0) for answer in answers)
    assert len(answers) == 1 or not torch.allclose(*answers)


def test_a_network_that_is_hopeless_at_first_sight_is_not_measured_again(pretrained: pretraining.Pretrained) -> None:
    clock = tiny_runs.TickingClock()
    meter = Meter(clock=clock)
    before = meter.charged_seconds
    frozen_admission.admit_networks(pretrained, CPU, meter, images=10_000, left_seconds=10.0)
    assert meter.charged_seconds - before == pytest.approx(3 * tiny_runs.TICK_SECONDS), "two looks, and this one"


def test_a_network_without_weights_gives_no_features(tmp_path: pathlib.Path) -> None:
    config = tiny_runs.a_config(Command.TRAIN, Task.CLASSIFIER, tmp_path / "train.json", backbone="resnet18")
    random = pretraining.open_pretrained(config, Task.CLASSIFIER, tmp_path / "work")
    meter = Meter(clock=tiny_runs.TickingClock())
    assert frozen_admission.admit_networks(random, CPU, meter, images=10, left_seconds=100.0) == {}
