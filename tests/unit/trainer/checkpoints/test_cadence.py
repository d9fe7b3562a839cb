"""When a checkpoint is saved: at little overhead, with little lost."""

import pytest

from darkroom_trainer.checkpoints.cadence import Cadence


@pytest.mark.parametrize(
    ("budget", "save_seconds", "interval"),
    [
        pytest.param(30, 0.01, 1.2, id="a small budget and cheap saves: 4 % of it"),
        pytest.param(120, 0.05, 4.8, id="two minutes"),
        pytest.param(3600, 0.05, 10.0, id="no longer than ten seconds where saves are cheap"),
        pytest.param(3600, 2.0, 100.0, id="expensive saves: 2 % overhead, within 5 % lost"),
        pytest.param(30, 0.5, 25.0, id="both cannot hold: the overhead wins"),
        pytest.param(None, 0.01, 10.0, id="without a budget"),
    ],
)
def test_the_interval_keeps_to_2_percent_overhead_and_where_it_can_to_5_percent_lost(
    budget: float | None, save_seconds: float, interval: float
) -> None:
    cadence = Cadence(budget, at=0.0)
    cadence.note(5.0, 5.0 + save_seconds)
    assert cadence.interval_seconds == pytest.approx(interval)
    ended = 5.0 + save_seconds
    assert not cadence.is_due(ended + interval - 0.01)
    assert cadence.is_due(ended + interval + 0.01)


def test_one_slow_save_does_not_put_the_next_ones_off() -> None:
    cadence = Cadence(100, at=0.0)
    for cost in (0.01, 0.01, 9.0):
        cadence.note(0.0, cost)
    assert cadence.interval_seconds == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("failing_seconds", "pause"),
    [
        pytest.param(0.01, 4.0, id="refused at once: the usual interval"),
        pytest.param(0.4, 20.0, id="slow to fail: 2 % of the time"),
        pytest.param(60.0, 30.0, id="a hanging bucket: at most half a minute"),
    ],
)
def test_a_save_that_fails_is_tried_again_later_the_longer_it_took(failing_seconds: float, pause: float) -> None:
    cadence = Cadence(100, at=0.0)
    cadence.postpone(10.0, 10.0 + failing_seconds)
    assert not cadence.is_due(10.0 + failing_seconds + pause - 0.1)
    assert cadence.is_due(10.0 + failing_seconds + pause + 0.1)
    cadence.note(50.0, 50.01)
    assert cadence.is_due(54.1)
