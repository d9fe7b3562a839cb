"""The time by the API server's clock, on a machine whose own is right or wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from darkroom_operator.api.clock import ServerClock

TRUE = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
TOLD = "Fri, 01 May 2026 12:00:00 GMT"


@pytest.mark.parametrize("wrong_by", [timedelta(hours=1), -timedelta(hours=1), timedelta(days=400)])
def test_a_wrong_local_clock_is_corrected_by_the_first_answer(wrong_by: timedelta) -> None:
    clock = ServerClock(lambda: TRUE + wrong_by)
    assert clock.now() == TRUE + wrong_by
    clock.learn(TOLD)
    assert clock.now() == TRUE


def test_the_seconds_that_an_answer_takes_change_nothing() -> None:
    late = TRUE + timedelta(seconds=3)
    clock = ServerClock(lambda: late)
    clock.learn(TOLD)
    assert clock.now() == late


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_an_answer_without_a_date_teaches_nothing(date: str | None) -> None:
    clock = ServerClock(lambda: TRUE)
    clock.learn(date)
    assert clock.now() == TRUE


def test_a_local_clock_that_is_set_right_is_believed_again() -> None:
    local = [TRUE + timedelta(hours=1)]
    clock = ServerClock(lambda: local[0])
    clock.learn(TOLD)
    local[0] = TRUE
    clock.learn(TOLD)
    assert clock.now() == TRUE
