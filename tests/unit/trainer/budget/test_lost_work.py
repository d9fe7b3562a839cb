"""What a run is told that has to begin anew."""

import pytest

from darkroom_trainer.budget.lost_work import LostWork


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        pytest.param(LostWork(), "1m of 1m", id="nothing was lost"),
        pytest.param(
            LostWork(24, "are damaged"),
            "36s of 1m, since the checkpoints of earlier attempts are damaged",
            id="work was lost",
        ),
    ],
)
def test_what_is_left_is_told_with_the_cause(lost: LostWork, said: str) -> None:
    assert lost.describe_left(60) == said
