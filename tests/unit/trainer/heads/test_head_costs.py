"""What frozen-feature classifiers take for an image, and how large they are."""

import numpy as np
import pytest
import torch
from torch import nn

from darkroom_trainer.heads import head_costs
from tests.support.learning import a_learner


class Slow(nn.Module):
    """A model that lets seconds of a clock pass for each batch."""

    def __init__(self, clock: list[float], seconds: float, values: int = 0) -> None:
        super().__init__()
        self.clock, self.seconds = clock, seconds
        self.register_buffer("values", torch.zeros(values))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.clock[0] += self.seconds
        return images


@pytest.mark.parametrize(
    ("seconds", "images", "image_seconds"),
    [
        pytest.param([4.0, 2.0], 12, 2.0 / head_costs.TIMED_IMAGES, id="the fastest counts, on a few images"),
        pytest.param([4.0], 2, 2.0, id="on as many as there are"),
        pytest.param([], 12, 0.0, id="without any there is nothing to take"),
    ],
)
def test_an_image_costs_what_the_fastest_model_takes(seconds: list[float], images: int, image_seconds: float) -> None:
    clock = [0.0]
    models = [Slow(clock, one) for one in seconds]
    data = a_learner("classifier").data
    assert head_costs.time_image(models, data, np.arange(images), lambda: clock[0]) == pytest.approx(image_seconds)


def test_the_largest_model_counts() -> None:
    assert head_costs.count_million_parameters([Slow([], 0.0, 500_000), Slow([], 0.0, 2_000_000)]) == 2.0
    assert head_costs.count_million_parameters([]) == 0.0
