"""The meter, on a clock that the test moves."""

import time

import pytest

from darkroom_trainer.budget.meter import Meter, observe_process_start


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.mark.parametrize(
    ("devices", "milli_rate", "charged"),
    [
        pytest.param(1, 1000, 10.0, id="the reference device"),
        pytest.param(4, 1000, 40.0, id="four devices"),
        pytest.param(1, 2500, 25.0, id="a faster device"),
        pytest.param(2, 500, 10.0, id="two slow ones"),
    ],
)
def test_charge_is_time_by_devices_by_rate(devices: int, milli_rate: int, charged: float) -> None:
    clock = Hand()
    meter = Meter(devices=devices, milli_rate=milli_rate, clock=clock)
    clock.now += 10
    assert meter.charged_seconds == pytest.approx(charged)
    assert meter.to_report().charged_seconds == pytest.approx(charged)


def test_loading_the_program_is_held_and_not_charged() -> None:
    clock = Hand()
    meter = Meter(devices=2, clock=clock)
    clock.now += 20
    meter.begin()
    clock.now += 3
    assert meter.charged_seconds == 6.0
    meter.resume(50.0)
    clock.now += 1
    assert meter.charged_seconds == 52.0
    assert meter.held_seconds == 48.0


def test_what_an_attempt_took_to_get_back_to_its_checkpoint_is_not_charged() -> None:
    clock = Hand()
    meter = Meter(clock=clock)
    clock.now += 30
    meter.resume(12.5)
    assert meter.charged_seconds == 12.5
    clock.now += 1
    assert meter.charged_seconds == 13.5


def test_one_device_goes_on_from_where_all_are_and_for_itself_alone() -> None:
    clock = Hand()
    meter = Meter(devices=4, milli_rate=500, clock=clock)
    clock.now += 5
    alone = meter.alone()
    clock.now += 10
    assert (meter.charged_seconds, alone.charged_seconds) == (30.0, 15.0)


def test_the_charge_is_the_integral_of_the_devices_that_take_part() -> None:
    clock = Hand()
    meter = Meter(devices=2, milli_rate=500, clock=clock)
    clock.now += 10
    meter.begin()
    meter.join(4)
    clock.now += 10
    assert (meter.rate, meter.charged_seconds, meter.held_seconds) == (3.0, 30.0, 40.0)
    meter.leave(3)
    clock.now += 10
    assert (meter.rate, meter.charged_seconds, meter.held_seconds) == (1.5, 45.0, 55.0)


def test_lost_work_is_given_back_from_where_it_began_and_never_what_earlier_attempts_were_charged() -> None:
    clock = Hand()
    meter = Meter(carried_seconds=5.0, clock=clock)
    meter.begin()
    meter.join(3)
    clock.now += 10
    began_at = meter.read_clock()
    clock.now += 4
    meter.leave(1, began_at)
    clock.now += 4
    assert meter.charged_seconds == 5 + 4 * 10 + 3 * 8
    meter.leave(2, began_at)
    assert meter.charged_seconds == 5 + 4 * 10 + 1 * 8, "also where the number has changed since"
    meter.resume(60.0)
    meter.join(1)
    clock.now += 1
    meter.leave(1, 0.0)
    assert meter.charged_seconds == 61.0, "what was charged before the checkpoint stays"


def test_an_attempt_that_was_ended_pays_for_what_a_checkpoint_holds() -> None:
    clock = Hand()
    meter = Meter(clock=clock)
    clock.now += 20
    assert meter.to_report(kept_only=True).charged_seconds == 0.0, "nothing was kept yet"
    meter.keep()
    clock.now += 7
    assert meter.to_report(kept_only=True).charged_seconds == 20.0


def test_a_start_in_the_past_is_charged_and_one_in_the_future_is_not_negative() -> None:
    clock = Hand()
    assert Meter(started_at=95.0, clock=clock).charged_seconds == 5.0
    assert Meter(started_at=105.0, clock=clock).charged_seconds == 0.0


def test_no_more_than_the_budget_is_billed() -> None:
    clock = Hand()
    meter = Meter(clock=clock)
    clock.now += 61
    assert meter.to_report(60.0).charged_seconds == 60.0


def test_process_start_lies_in_the_past_of_the_monotonic_clock() -> None:
    age = time.monotonic() - observe_process_start()
    assert 0 <= age < 3600


@pytest.mark.parametrize(
    ("told", "saved", "charged"),
    [
        pytest.param(24.0, None, 26.0, id="nothing to go on from: on top of what was charged"),
        pytest.param(24.0, 24.0, 24.0, id="the newest checkpoint: as it was saved"),
        pytest.param(24.0, 20.0, 24.0, id="an older checkpoint: what newer work was charged stays charged"),
        pytest.param(0.0, 24.0, 24.0, id="a crash that told nothing: as it was saved"),
    ],
)
def test_what_earlier_attempts_were_charged_is_never_given_back(
    told: float, saved: float | None, charged: float
) -> None:
    clock = Hand()
    meter = Meter(carried_seconds=told, clock=clock)
    clock.now += 2
    if saved is not None:
        meter.resume(saved)
    assert meter.charged_seconds == charged
    assert meter.to_report(kept_only=True).charged_seconds == max(told, saved or 0.0)


def test_a_charge_that_is_learned_later_counts_and_a_lower_one_does_not() -> None:
    clock = Hand()
    meter = Meter(carried_seconds=5.0, clock=clock)
    clock.now += 2
    meter.carry(24.0)
    meter.carry(3.0)
    assert (meter.charged_seconds, meter.carried_seconds) == (26.0, 24.0)
