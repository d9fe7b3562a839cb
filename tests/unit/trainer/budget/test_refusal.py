"""How the budget is named that would have been enough."""

import pytest

from darkroom_trainer.budget.refusal import round_up


@pytest.mark.parametrize(
    ("seconds", "rounded"),
    [(1, 5), (20, 20), (20.1, 25), (61, 90), (301, 360), (3601, 4200)],
)
def test_durations_are_rounded_up_to_what_a_person_would_write(seconds: float, rounded: int) -> None:
    assert round_up(seconds) == rounded
