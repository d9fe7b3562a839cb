"""Whether another attempt follows, after which pause, and what a long list remembers."""

from typing import Any

import pytest

from darkroom_api.conditions import Reason
from darkroom_operator.config import RetriesConfig
from darkroom_operator.decide.attempts import trim
from darkroom_operator.decide.retries import Limits, Stage, Verdict, count_ends, judge
from tests.builders import an_attempt, at, stamp

DISRUPTED, STORAGE, CRASHED = Reason.RETRYING_AFTER_DISRUPTION, Reason.STORAGE_UNAVAILABLE, Reason.UNKNOWN
SCATTERED = Reason.WAITING_FOR_NODES
MISCONFIGURED, SUSPENDED, MEMORY = Reason.INVALID_CONFIGURATION, Reason.SUSPENDED, Reason.OUT_OF_MEMORY


def attempts_of(*outcomes: Any) -> tuple[Any, ...]:
    """Return attempts with these outcomes (and kept seconds), a minute apart."""
    told = [outcome if isinstance(outcome, tuple) else (outcome, None) for outcome in outcomes]
    return tuple(
        an_attempt(number, outcome, charged_seconds=kept, finished_at=stamp(60 * number))
        for number, (outcome, kept) in enumerate(told, 1)
    )


def verdict_on(*outcomes: Any, now: float, timeout: int = 3600, **retries: int) -> Verdict:
    """Judge attempts with these outcomes."""
    return judge(attempts_of(*outcomes), Limits(RetriesConfig(**retries), timeout), at(now))


PAUSES = {
    "the first disruption": ([DISRUPTED], 10),
    "the third disruption": ([DISRUPTED] * 3, 40),
    "a first outage after disruptions": ([DISRUPTED] * 3 + [STORAGE], 10),
    "a third outage in a row": ([STORAGE] * 3, 40),
    "an outage after work went on": ([STORAGE, STORAGE, (STORAGE, 50.0)], 10),
    "an outage after that": ([STORAGE, STORAGE, (STORAGE, 50.0), (STORAGE, 50.0)], 20),
    "a third wrong configuration": ([MISCONFIGURED] * 3, 40),
    "many wrong configurations": ([MISCONFIGURED] * 9, 300),
    "too little memory": ([MEMORY], 10),
}


@pytest.mark.parametrize(("outcomes", "pause"), PAUSES.values(), ids=PAUSES.keys())
def test_a_pause_is_as_long_as_its_own_kind_of_end_is_old(outcomes: list[Any], pause: int) -> None:
    ended = 60 * len(outcomes)
    assert verdict_on(*outcomes, now=ended + pause - 1) == Verdict(Stage.PAUSED, at(ended + pause))
    assert verdict_on(*outcomes, now=ended + pause).stage is Stage.IDLE


ENDED = {
    "more crashes than are tried again": ([CRASHED] * 3, {}),
    "crashes between disruptions": ([CRASHED, DISRUPTED, CRASHED, DISRUPTED, CRASHED], {}),
    "more disruptions than are tried again": ([DISRUPTED] * 3, {"disruptions": 2}),
    "more outages in a row than are tried again": ([STORAGE] * 5, {}),
    "too little memory with half the batch too": ([MEMORY, MEMORY], {}),
    "too little memory where nothing is tried again": ([MEMORY], {"failures": 0}),
    "a result": ([Reason.TRAINING_DIVERGED], {}),
    "a container that never started": ([Reason.START_TIMEOUT], {}),
}


@pytest.mark.parametrize(("outcomes", "retries"), ENDED.values(), ids=ENDED.keys())
def test_nothing_follows(outcomes: list[Any], retries: dict[str, int]) -> None:
    assert verdict_on(*outcomes, now=99_999, **retries).stage is Stage.ENDED


def test_a_resumed_run_starts_at_once() -> None:
    assert verdict_on(DISRUPTED, SUSPENDED, now=121).stage is Stage.IDLE


def test_outages_that_end_in_between_never_end_a_run() -> None:
    outcomes = [(STORAGE, 10.0 * number) for number in range(1, 11)]
    assert verdict_on(*outcomes, now=99_999).stage is Stage.IDLE


def test_two_runs_that_both_lacked_nodes_do_not_try_again_in_step_and_each_always_waits_the_same() -> None:
    limits = Limits(RetriesConfig(backoff_seconds=10), 3600)
    pauses = []
    for run in range(200):
        ended = (an_attempt(1, SCATTERED, job=f"fruit-{run:08x}-1", finished_at=stamp(0)),)
        verdicts = {judge(ended, limits, at(now)).not_before for now in (0, 5)}
        (not_before,) = verdicts
        assert not_before is not None
        pauses.append((not_before - at(0)).total_seconds())
    assert all(10 <= pause < 20 for pause in pauses)
    assert len({round(pause, 1) for pause in pauses}) > 50


@pytest.mark.parametrize(("seconds", "stage"), [(3599, Stage.IDLE), (3600, Stage.ENDED)])
def test_nodes_may_be_missing_for_as_long_as_a_run_may_wait(seconds: int, stage: Stage) -> None:
    ends = (an_attempt(1, SCATTERED), an_attempt(2, SCATTERED, finished_at=stamp(50 + seconds)))
    assert judge(ends, Limits(RetriesConfig(), 3600), at(400_000)).stage is stage


STUCK = {
    "for less than the timeout": (3599, 3600, Stage.IDLE),
    "for as long as the timeout": (3600, 3600, Stage.ENDED),
    "for days where there is no timeout": (300_000, 0, Stage.IDLE),
}


@pytest.mark.parametrize(("seconds", "timeout", "stage"), STUCK.values(), ids=STUCK.keys())
def test_a_configuration_that_was_wrong(seconds: int, timeout: int, stage: Stage) -> None:
    ends = (an_attempt(1, MISCONFIGURED), an_attempt(2, MISCONFIGURED, finished_at=stamp(50 + seconds)))
    assert judge(ends, Limits(RetriesConfig(), timeout), at(400_000)).stage is stage


def test_time_alone_ends_no_wait_for_configuration() -> None:
    assert verdict_on(MISCONFIGURED, now=400_000).stage is Stage.IDLE


def test_the_wait_for_configuration_begins_anew_after_a_good_state() -> None:
    assert verdict_on(MISCONFIGURED, DISRUPTED, MISCONFIGURED, now=99_999, timeout=60).stage is Stage.IDLE


LONG = {
    "disruptions": [DISRUPTED] * 25,
    "suspensions": [SUSPENDED] * 25,
    "suspensions between disruptions": [DISRUPTED, SUSPENDED] * 12,
    "wrong configurations": [MISCONFIGURED] * 25,
    "missing nodes": [SCATTERED] * 25,
    "everything in turns": [DISRUPTED, SUSPENDED, MISCONFIGURED, STORAGE, CRASHED, MEMORY] * 4,
}


@pytest.mark.parametrize("outcomes", LONG.values(), ids=LONG.keys())
def test_a_list_of_ten_forgets_no_count(outcomes: list[Reason]) -> None:
    kept: tuple[Any, ...] = ()
    for attempt in attempts_of(*outcomes):
        kept = trim([*kept, attempt])
    assert len(kept) <= 10
    assert [attempt.number for attempt in kept] == sorted(attempt.number for attempt in kept)
    assert {reason: count_ends(kept, reason) for reason in outcomes} == {
        reason: outcomes.count(reason) for reason in outcomes
    }


@pytest.mark.parametrize("first", [DISRUPTED, MISCONFIGURED])
def test_a_list_of_ten_keeps_since_when_the_configuration_is_wrong_and_what_work_is_kept(first: Reason) -> None:
    kept: tuple[Any, ...] = ()
    for attempt in attempts_of(first, (DISRUPTED, 77.0), *[MISCONFIGURED] * 20):
        kept = trim([*kept, attempt])
    assert judge(kept, Limits(RetriesConfig(), 19 * 60), at(99_999)).stage is Stage.ENDED
    assert judge(kept, Limits(RetriesConfig(), 19 * 60 + 1), at(99_999)).stage is Stage.IDLE
    assert max(attempt.charged_seconds or 0 for attempt in kept) == 77.0
