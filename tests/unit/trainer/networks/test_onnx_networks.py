"""A frozen network in ONNX Runtime: the same features, or none at all."""

import pytest
import torch

from darkroom_trainer.networks import frozen_networks, onnx_networks
from darkroom_trainer.networks.frozen_networks import FrozenNetwork, NetworkLook

LOOK = NetworkLook(32, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


class Sorter(torch.nn.Module):
    """A network with an operation that the exporter does not know."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return features."""
        features: torch.Tensor = torch.special.bessel_j0(images.mean(dim=(2, 3)))
        return features


class Dice(torch.nn.Module):
    """A network that says something else each time."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return features."""
        return images.mean(dim=(2, 3)) + torch.rand(len(images), 3)


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "tf_efficientnet_lite0"])
def test_a_network_says_the_same_in_onnx_runtime(name: str) -> None:
    torch.manual_seed(0)
    network = frozen_networks.build_frozen_network(name, LOOK, 48)
    network = network.to(memory_format=torch.channels_last)
    embed = onnx_networks.open_onnx(network)
    assert embed is not None
    images = torch.rand(5, 48, 48, 3).permute(0, 3, 1, 2)
    torch.testing.assert_close(embed(images), network(images), atol=1e-5, rtol=0)


@pytest.mark.parametrize("net", [Sorter(), Dice()], ids=["unknown to onnx", "other answers"])
def test_a_network_that_onnx_cannot_express_stays_in_torch(net: torch.nn.Module) -> None:
    assert onnx_networks.open_onnx(FrozenNetwork(net, 3, LOOK, 48)) is None


@pytest.mark.parametrize(("images", "stays"), [(10, True), (1000, False)], ids=["few images", "many images"])
def test_an_export_is_worth_it_for_many_images_alone(images: int, *, stays: bool) -> None:
    network = frozen_networks.build_frozen_network("test_resnet", LOOK, 32)
    assert (onnx_networks.open_fastest(network, images) is network) is stays
