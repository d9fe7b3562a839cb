"""Which runs with killed nodes are broken, and that harms are spread over the run."""

import dataclasses
from collections import Counter
from typing import Any

import pytest

from bench.node_kills.verdicts import (
    ClockKind,
    Harm,
    Plan,
    Run,
    Spot,
    draw_plans,
    find_problems,
    find_spot,
    format_table,
    has_come_to,
)
from darkroom_api.conditions import Reason

KEYS = frozenset({"/model/model.onnx", "/model/outcome.json"})


def a_run(harm: Harm, clock: ClockKind = ClockKind.COUNTED, **changes: Any) -> Run:
    values: dict[str, Any] = {
        "stage": "Training the hold-out model",
        "course": (),
        "reason": Reason.SUCCEEDED,
        "message": "",
        "attempts": 2,
        "charged_seconds": 40.0,
        "excess_seconds": -0.5,
        "seen_by": "",
        "model": "a",
        "keys": KEYS,
        "left": (),
        "odd_ends": (),
        "real_seconds": 20.0,
    }
    return Run(plan=Plan(3, harm, clock, 0.5), **{**values, **changes})


UNDISTURBED = a_run(Harm.NONE)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        pytest.param(a_run(Harm.FIRST), "", id="as without harm"),
        pytest.param(a_run(Harm.FIRST, model="b"), "its model is another", id="resumed to another model"),
        pytest.param(a_run(Harm.WORKER, model="b"), "", id="another sum without the worker"),
        pytest.param(a_run(Harm.DRAIN, ClockKind.REAL, model="b"), "", id="other steps in as much time"),
        pytest.param(a_run(Harm.DRAIN, charged_seconds=60.5), "charged 60.50 s of 60.00 s", id="charged too much"),
        pytest.param(a_run(Harm.DRAIN, excess_seconds=0.5), "0.50 charged seconds above", id="capped, and yet above"),
        pytest.param(a_run(Harm.PARTITION, reason=Reason.UNKNOWN), "it ended Unknown", id="a crash"),
        pytest.param(a_run(Harm.FIRST, reason=None), "without a word", id="no end in four attempts"),
        pytest.param(
            a_run(Harm.FIRST, keys=KEYS | {"/model/checkpoints/1.json"}), "checkpoints/1.json", id="left over"
        ),
        pytest.param(a_run(Harm.FIRST, left=("process python",)), "left behind: process python", id="a process"),
        pytest.param(a_run(Harm.WORKER, odd_ends=("index 0 hung",)), "index 0 hung", id="hung"),
    ],
)
def test_a_run_is_broken_by_what_harm_must_not_do(run: Run, said: str) -> None:
    problems = find_problems(run, UNDISTURBED)
    assert len(problems) == bool(said)
    assert said in "".join(problems)


def test_each_harm_meets_each_part_of_the_run_on_each_clock() -> None:
    plans = draw_plans(10, list(ClockKind), 7)
    assert Counter(plan.harm for plan in plans) == {
        **dict.fromkeys((Harm.WORKER, Harm.FIRST, Harm.DRAIN), 20),
        **dict.fromkeys((Harm.PARTITION, Harm.LATE), 10),
    }
    assert {int(plan.share * 10) for plan in plans if plan.harm is Harm.WORKER} == set(range(10))
    assert {plan.silence_seconds is None for plan in plans if plan.harm is Harm.LATE} == {False}
    assert draw_plans(10, list(ClockKind), 7) == plans


COURSE = (
    Spot(0.1, "Starting", 0),
    Spot(2, "Training", 0),
    Spot(4, "Training", 5),
    Spot(8, "Uploading", 9),
    Spot(9, "", 9),
)


@pytest.mark.parametrize(("share", "spot", "seconds"), [(0.2, 0, 1.7), (0.5, 2, 0.5), (0.9, 3, 0.1), (1.0, 4, 0.0)])
def test_a_share_of_the_time_is_a_spot_and_how_long_the_run_is_there(share: float, spot: int, seconds: float) -> None:
    found, there_seconds = find_spot(COURSE, share)
    assert found == COURSE[spot]
    assert there_seconds == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("now", "has_come"),
    [
        pytest.param(Spot(50, "Training", 4.9), False, id="slower"),
        pytest.param(Spot(1, "Training", 5.0), True, id="faster"),
        pytest.param(Spot(1, "Uploading", 0.0), True, id="a later stage"),
        pytest.param(Spot(9, "Starting", 0.0), False, id="an earlier stage"),
        pytest.param(Spot(9, "Thinking", 8.0), False, id="a stage of no usual run"),
    ],
)
def test_a_run_comes_to_a_spot_by_what_it_does_and_not_by_time(now: Spot, *, has_come: bool) -> None:
    assert has_come_to(COURSE[2], now, COURSE) is has_come


def test_the_table_counts_what_must_be_the_same() -> None:
    late = dataclasses.replace(a_run(Harm.FIRST), stage="", model="b")
    table = format_table([UNDISTURBED, a_run(Harm.FIRST), late], {ClockKind.COUNTED: UNDISTURBED})
    assert "| index 0 killed | counted | 2 | 1 | 2 | 2 | 66.7% | 0.50 s before the end | 1 of 2 | 0 | 1 |" in table
