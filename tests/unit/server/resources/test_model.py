"""Models of the interface. What clients see of them is in tests/unit/server/routes/test_models.py."""

import pytest

from darkroom_api.durations import format_duration, parse_duration
from darkroom_server.resources.model import MAX_HOURS, count_seconds


@pytest.mark.parametrize("hours", [0.02, 0.1, 0.35, 1 / 3, 1, 1.1, 7.77, 336, MAX_HOURS])
def test_a_budget_is_whole_seconds_and_never_more_than_was_given(hours: float) -> None:
    seconds = count_seconds(hours)
    assert hours * 3600 - 1 < seconds <= hours * 3600 + 1e-3
    assert parse_duration(format_duration(seconds)) == seconds
