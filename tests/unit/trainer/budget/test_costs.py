"""What stands in for costs that are not measured yet, and what a measurement tells of an image."""

import pytest

from darkroom_trainer.budget.costs import Costs, estimate_costs, estimate_measuring_seconds

COSTS = Costs(step_seconds=0.05, predict_image_seconds=0.001, upload_file_seconds=0.1)


def test_what_is_not_measured_is_charged_at_the_rate_of_the_hardware() -> None:
    slow, fast = (estimate_costs(0.05, 0.001, rate) for rate in (1.0, 2.5))
    assert (slow.step_seconds, fast.step_seconds) == (0.05, 0.05), "measured in charged seconds already"
    assert fast.picture_seconds == pytest.approx(2.5 * slow.picture_seconds)


@pytest.mark.parametrize(
    ("took", "images", "cost"),
    [
        pytest.param(8.0, 1000, 0.0079, id="many images say what one costs"),
        pytest.param(0.18, 4, 0.02, id="few of them, most of it fixed"),
        pytest.param(0.08, 4, 0.002, id="few of them, next to nothing but what is fixed"),
        pytest.param(0.004, 4, 0.001, id="faster than was expected"),
    ],
)
def test_what_an_image_costs_is_not_what_is_fixed_by_the_number_of_images(
    took: float, images: int, cost: float
) -> None:
    assert estimate_measuring_seconds(took, images, COSTS) == pytest.approx(cost)
