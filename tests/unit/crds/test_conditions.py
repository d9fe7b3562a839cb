"""Reasons as words, and conditions that move only with their status."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from darkroom_api.conditions import Condition, ConditionStatus, ConditionType, Reason, set_conditions

NOW: Final = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_one_word_as_kubernetes_wants_it(reason: Reason) -> None:
    assert re.fullmatch(r"[A-Z][A-Za-z]{1,63}", reason)


def condition(status: ConditionStatus, since: datetime = NOW) -> Condition:
    return Condition(
        type=ConditionType.RUNNING,
        status=status,
        reason=Reason.TRAINING,
        message="It trains.",
        observed_generation=1,
        last_transition_time=since,
    )


@pytest.mark.parametrize(
    ("before", "after", "moves"),
    [
        (ConditionStatus.TRUE, ConditionStatus.TRUE, False),
        (ConditionStatus.TRUE, ConditionStatus.FALSE, True),
        (ConditionStatus.FALSE, ConditionStatus.TRUE, True),
        (ConditionStatus.UNKNOWN, ConditionStatus.FALSE, True),
    ],
)
def test_the_transition_time_moves_only_with_the_status(
    before: ConditionStatus, after: ConditionStatus, moves: bool
) -> None:
    later = NOW + timedelta(minutes=5)
    old = (condition(before),)
    (new,) = set_conditions(old, {ConditionType.RUNNING: after}, Reason.STARTING, "It starts.", 2, later)
    assert new.last_transition_time == (later if moves else NOW)
    assert (new.reason, new.message, new.observed_generation) == (Reason.STARTING, "It starts.", 2)


def test_a_condition_is_added_once_and_others_stay() -> None:
    one = set_conditions((), {ConditionType.RUNNING: ConditionStatus.TRUE}, Reason.TRAINING, "a", 1, NOW)
    two = set_conditions(one, {ConditionType.STALLED: ConditionStatus.FALSE}, Reason.TRAINING, "b", 1, NOW)
    three = set_conditions(two, {ConditionType.STALLED: ConditionStatus.FALSE}, Reason.TRAINING, "c", 1, NOW)
    assert [entry.type for entry in three] == ["Running", "Stalled"]
    assert three[0] == one[0]


def test_a_long_message_is_cut_to_what_the_schema_holds() -> None:
    (only,) = set_conditions((), {ConditionType.STALLED: ConditionStatus.TRUE}, Reason.UNKNOWN, "x" * 5000, 1, NOW)
    assert len(only.message) == 2048


def test_a_timestamp_is_written_as_kubernetes_writes_it() -> None:
    moment = datetime(2026, 5, 4, 14, 0, 0, 999, tzinfo=UTC) + timedelta(0)
    assert condition(ConditionStatus.TRUE, moment).to_json()["lastTransitionTime"] == "2026-05-04T14:00:00Z"


def test_conditions_have_one_order_whichever_was_set_first() -> None:
    wanted = {
        ConditionType.SUCCEEDED: ConditionStatus.FALSE,
        ConditionType.ACCEPTED: ConditionStatus.TRUE,
        ConditionType.STALLED: ConditionStatus.TRUE,
    }
    foreign = condition(ConditionStatus.TRUE).model_copy(update={"type": "Another"})
    forward: tuple[Condition, ...] = (foreign,)
    backward: tuple[Condition, ...] = (foreign,)
    for kind in wanted:
        forward = set_conditions(forward, {kind: wanted[kind]}, Reason.TRAINING, "a", 1, NOW)
    for kind in reversed(wanted):
        backward = set_conditions(backward, {kind: wanted[kind]}, Reason.TRAINING, "a", 1, NOW)
    assert forward == backward
    assert [entry.type for entry in forward] == ["Accepted", "Succeeded", "Stalled", "Another"]
