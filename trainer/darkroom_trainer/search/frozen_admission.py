"""Which pretrained networks a run uses as fixed features, by what an image costs on this machine.

Owns the measuring, by a few images of noise, and the rule. Must not know heads or datasets.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Final

import torch

from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.features.block_names import MEAN_SUFFIX
from darkroom_trainer.networks import backbones, frozen_networks
from darkroom_trainer.networks.frozen_networks import FrozenNetwork
from darkroom_trainer.runtime.device import Device
from darkroom_trainer.search.pretrained import Pretrained

LOG = logging.getLogger(__name__)

AdmittedNetworks = Mapping[str, FrozenNetwork]
"""Small to large, by name."""

FIRST_TIME_FRACTION: Final = 0.5
"""Of the time that is left, the first network may take so much for all images: with few of them, nothing else gives as
much."""
FURTHER_TIME_FRACTION: Final = 0.05
"""The same for each further one, which only may be better."""
TIMED_IMAGES: Final = 4


def admit_networks(
    pretrained: Pretrained, device: Device, meter: Meter, images: int, left_seconds: float
) -> AdmittedNetworks:
    """Return the networks whose features of so many images the run can pay for.

    The first that is too costly ends the list: those after it are larger. A transformer comes twice where that is paid
    for like a further network: cross-validation then tells how it should be pooled.
    """
    admitted: dict[str, FrozenNetwork] = {}
    image_seconds = 0.0
    for name in pretrained.names:
        if not may_use(image_seconds * images, left_seconds, is_first=not admitted):
            break
        tensors = pretrained.load(name)
        if tensors is None:
            continue
        look = frozen_networks.read_look(name)
        network = place_network(frozen_networks.build_frozen_network(name, look, look.size_px, tensors), device)
        image_seconds = time_image(network, device, meter, lambda seconds: seconds * images < left_seconds)
        if not may_use(image_seconds * images, left_seconds, is_first=not admitted):
            LOG.info("%s is too costly as fixed features: %.2g s an image", name, image_seconds)
            break
        admitted[name] = network
        is_paid = may_use(image_seconds * images, left_seconds, is_first=False)
        if is_paid and backbones.has_other_pooling(name):
            mean = frozen_networks.build_frozen_network(name + MEAN_SUFFIX, look, look.size_px, tensors)
            admitted[name + MEAN_SUFFIX] = place_network(mean, device)
    return admitted


def may_use(cost_seconds: float, left_seconds: float, *, is_first: bool) -> bool:
    """Return whether a network may be used whose features of all images cost so much."""
    return cost_seconds <= (FIRST_TIME_FRACTION if is_first else FURTHER_TIME_FRACTION) * left_seconds


def place_network(network: FrozenNetwork, device: Device) -> FrozenNetwork:
    """Return the network on the device, in the order of memory in which it computes fastest there."""
    placed: FrozenNetwork = network.to(device.torch_device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return placed


def time_image(network: FrozenNetwork, device: Device, meter: Meter, is_hopeful: Callable[[float], bool]) -> float:
    """Return what an image costs, in charged seconds; one that is hopeless at first sight is not looked at again."""
    side = network.look.size_px
    images = torch.rand(TIMED_IMAGES, 3, side, side, device=device.torch_device)

    def time(count: int) -> float:
        started = meter.charged_seconds
        with torch.inference_mode():
            network(images[:count]).cpu()
        return (meter.charged_seconds - started) / count

    first_seconds = time(1)
    return min(time(TIMED_IMAGES) for _ in range(2)) if is_hopeful(first_seconds / TIMED_IMAGES) else first_seconds
