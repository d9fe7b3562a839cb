"""How the budget is named that would have been enough."""

import pytest

from darkroom_trainer.budget import refusal
from darkroom_trainer.budget.lost_work import LostWork


@pytest.mark.parametrize(
    ("seconds", "rounded"),
    [(1, 5), (20, 20), (20.1, 25), (61, 90), (301, 360), (3601, 4200)],
)
def test_durations_are_rounded_up_to_what_a_person_would_write(seconds: float, rounded: int) -> None:
    assert refusal.round_up(seconds) == rounded


def test_where_work_was_lost_the_rest_is_what_is_too_little_and_a_new_run_need_not_pay_for_it() -> None:
    needed = refusal.NeededBudget(least_seconds=41, suggested_seconds=80, images=1400)
    whole = refusal.refuse_budget(60, needed).message
    assert whole.startswith("budget 1m is not enough: at least 1m, 2m suggested for 1,400 images"), whole
    left = refusal.refuse_budget(60, needed, LostWork(24, "are damaged")).message
    cause = "36s of 1m, since the checkpoints of earlier attempts are damaged"
    assert left.startswith(f"the budget left to begin anew is not enough ({cause}): at least 50s, 2m suggested"), left
