"""Small sets of images that frozen-feature classifiers can learn: stripes whose direction and colour is the label."""

import math
from collections.abc import Callable

import numpy as np
import torch

from darkroom_trainer.heads.store import Examples
from darkroom_trainer.networks.frozen_networks import FrozenNetwork, NetworkLook

SIDE_PX = 16


def draw_stripes(labels: np.ndarray, num_labels: int, seed: int, noise: float = 0.25) -> torch.Tensor:
    """Return images (N, S, S, 3) uint8; stripes turn with the label, their phase and the noise are random."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:SIDE_PX, 0:SIDE_PX] / SIDE_PX
    angles = labels[:, None, None] * math.pi / num_labels
    phases = random.uniform(0, 2 * math.pi, (len(labels), 1, 1))
    waves = 0.5 + 0.3 * np.sin(2 * math.pi * 2.5 * (np.cos(angles) * x + np.sin(angles) * y) + phases)
    images = waves[..., None] + random.normal(0, noise, (len(labels), SIDE_PX, SIDE_PX, 3))
    return torch.from_numpy((images.clip(0, 1) * 255).astype(np.uint8))


def build_examples(labels: np.ndarray, num_labels: int, seed: int = 0, noise: float = 0.25) -> Examples:
    """Return the stripes of these labels."""
    return wrap(draw_stripes(labels, num_labels, seed, noise), torch.from_numpy(labels.astype(np.int64)), num_labels)


def build_multilabel(rows: int, num_labels: int, seed: int = 0) -> Examples:
    """Return images whose cells are bright where they have the label, any number of labels each."""
    random = np.random.default_rng(seed)
    one_hot = random.random((rows, num_labels)) < 0.35
    images = random.integers(0, 120, (rows, SIDE_PX, SIDE_PX, 3))
    for label in range(num_labels):
        images[one_hot[:, label], :, label * 4 : label * 4 + 4] += 100
    return wrap(torch.from_numpy(images.astype(np.uint8)), torch.from_numpy(one_hot), num_labels)


def wrap(images: torch.Tensor, labels: torch.Tensor, num_labels: int) -> Examples:
    """Return examples normalized as backbones commonly expect it."""
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    rows = np.arange(len(images))
    return Examples(images, mean[:, None, None], deviation[:, None, None], rows, labels, num_labels)


def normalize(examples: Examples) -> torch.Tensor:
    """Return the images (N, 3, S, S) as the model takes them."""
    return (examples.images.permute(0, 3, 1, 2).float() / 255 - examples.mean) / examples.std


class CountedNet(torch.nn.Module):
    """Mean colours and how much they vary, as features (B, 6); counts the images that it looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.mixing = torch.nn.Parameter(torch.eye(6), requires_grad=False)
        self.seen = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return features (B, 6)."""
        self.seen += len(images)
        return torch.cat([images.mean(dim=(2, 3)), images.std(dim=(2, 3))], dim=1) @ self.mixing


def a_network(source_px: int = SIDE_PX, size_px: int = 8, net: torch.nn.Module | None = None) -> FrozenNetwork:
    """Return a frozen network for images of `source_px` that is quick; it sees them in a size of its own."""
    look = NetworkLook(size_px, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    return FrozenNetwork(net or CountedNet(), 6, look, source_px).eval()


def unhurried() -> float:
    """Return the seconds left to a search that has all the time there is."""
    return 1e6


def count_down(seconds: float, each: float) -> Callable[[], float]:
    """Return a clock that loses `each` seconds with every look at it."""
    left = [seconds]

    def look() -> float:
        left[0] -= each
        return left[0]

    return look


def stop_after(units: int) -> Callable[[], bool]:
    """Return a wish to stop that comes once so many heads were tried."""
    left = [units]

    def look() -> bool:
        left[0] -= 1
        return left[0] < 0

    return look
