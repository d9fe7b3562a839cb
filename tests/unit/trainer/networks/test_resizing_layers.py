"""Images that a network resizes for itself."""

import numpy as np
import pytest
import torch
from PIL import Image

from darkroom_trainer.networks import resizing_layers


@pytest.mark.parametrize(("source_px", "size_px"), [(224, 96), (64, 224), (50, 33)])
def test_a_layer_resizes_as_images_are_decoded(source_px: int, size_px: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (source_px, source_px, 3), dtype=np.uint8)
    decoded = np.asarray(Image.fromarray(pixels).resize((size_px, size_px), Image.Resampling.BILINEAR))
    resized = resizing_layers.build_resize(source_px, size_px)(torch.from_numpy(pixels).permute(2, 0, 1)[None].float())
    np.testing.assert_allclose(resized[0].permute(1, 2, 0).numpy(), decoded, atol=1.0)


class Side(torch.nn.Module):
    """A network that says how large the images are."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the side for each image."""
        return torch.full((len(images),), float(images.shape[-1]))


def test_a_network_for_small_images_takes_large_ones_and_those_that_were_shrunk_before() -> None:
    network = resizing_layers.fit_network(Side(), 64, 24)
    assert network(torch.zeros(2, 3, 64, 64)).tolist() == [24, 24]
    assert network(torch.zeros(2, 3, 24, 24)).tolist() == [24, 24]


def test_a_network_for_images_as_they_come_stays_itself() -> None:
    net = Side()
    assert resizing_layers.fit_network(net, 24, 24) is net
