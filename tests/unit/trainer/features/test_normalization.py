"""Pixels as networks take them, and back."""

import torch

from darkroom_trainer.features import normalization

MEAN, STD = torch.tensor([0.5, 0.25, 0.0])[:, None, None], torch.tensor([0.5, 0.25, 1.0])[:, None, None]


def some_pixels() -> torch.Tensor:
    return torch.tensor([[[[0, 255, 51], [255, 0, 102]]]], dtype=torch.uint8)


def test_bytes_become_shares_with_the_colours_first_and_stay_channels_last_in_memory() -> None:
    images = torch.randint(0, 256, (2, 8, 8, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    found = normalization.to_float(images)
    assert found.shape == (2, 3, 8, 8)
    assert found.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(normalization.to_float(some_pixels())[0, :, 0, 0], torch.tensor([0.0, 1.0, 0.2]))


def test_each_colour_has_its_own_mean_and_deviation() -> None:
    found = normalization.normalize(normalization.to_float(some_pixels()), MEAN, STD)
    torch.testing.assert_close(found[0, :, 0, 0], torch.tensor([-1.0, 3.0, 0.2]))
    torch.testing.assert_close(found[0, :, 0, 1], torch.tensor([1.0, -1.0, 0.4]))


def test_in_place_is_the_same_without_further_memory_and_restoring_undoes_it() -> None:
    images = normalization.to_float(some_pixels())
    before, plain = images.clone(), normalization.normalize(images, MEAN, STD)
    found = normalization.normalize_in_place(images, MEAN, STD)
    assert found.data_ptr() == images.data_ptr()
    torch.testing.assert_close(found, plain)
    torch.testing.assert_close(normalization.restore(found, MEAN, STD), before)
