"""Durations, names, reasons and conditions: the small words of the contract."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from darkroom_api import names
from darkroom_api.conditions import Condition, ConditionStatus, ConditionType, Reason, set_conditions
from darkroom_api.durations import DURATION_PATTERN, format_duration, parse_duration
from darkroom_api.endings import ENDINGS

NOW: Final = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
LABEL: Final = re.compile(r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")
DNS_LABEL: Final = re.compile(r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")
OWNERS: Final = ("a", "fruit", "fruit.v2", "x" * 253, "x" * 43 + "-y", "a." * 100 + "z", "0-0", "a" + "-" * 100 + "b")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90m", 5400), ("1h30m", 5400), ("1h", 3600), ("60s", 60), ("1344h", 4_838_400), ("1h1m1s", 3661), ("0s", 0)],
)
def test_a_duration_is_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds
    assert re.fullmatch(DURATION_PATTERN, text)


@pytest.mark.parametrize(
    "text", ["", "h", "1", "1d", "1.5h", "30m1h", "-1h", " 1h", "1h ", "1H", "123456h", "1h1h", "٣m", "1h\n"]
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write hours, minutes and seconds, such as 90m"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59.6, "1m"), (60, "1m"), (5400, "1h30m"), (3661, "1h1m1s"), (4_838_400, "1344h")]
)
def test_a_duration_is_written(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize("seconds", [1, 59, 3599, 3600, 86_399, 4_838_400])
def test_a_written_duration_reads_as_the_same(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize("owner", OWNERS, ids=lambda owner: owner[:20])
def test_a_child_name_fits_a_job_and_its_pods(owner: str) -> None:
    name = names.child_name(owner, "3f8e", 999)
    assert DNS_LABEL.match(name), name
    assert len(name) <= 63 - len("-abcde"), "the Job controller adds a suffix, and labels hold 63 characters"


def test_child_names_are_the_same_for_the_same_attempt_only() -> None:
    inputs = [
        ("a", "1", 1),
        ("a", "1", 2),
        ("a", "2", 1),
        ("b", "1", 1),
        ("x" * 100 + "a", "1", 1),
        ("x" * 100 + "b", "3", 1),
    ]
    made = [names.child_name(*each) for each in inputs]
    assert len(set(made)) == len(inputs)
    assert made == [names.child_name(*each) for each in inputs]


@pytest.mark.parametrize("owner", [*OWNERS, "x" * 62 + ".y", "x" * 60 + "-.-z"], ids=lambda owner: owner[:20])
def test_a_label_value_is_valid(owner: str) -> None:
    assert LABEL.match(names.label_value(owner))


def test_namesakes_keep_their_artifacts_apart() -> None:
    folders = {names.artifact_folder("Model", "fruit", uid) for uid in ("1", "2")}
    assert len(folders) == 2
    assert all(folder.startswith("models/fruit-") for folder in folders)


def test_every_reason_has_a_meaning_and_an_action() -> None:
    assert set(ENDINGS) == set(Reason)
    for reason, row in ENDINGS.items():
        assert all(sentence.endswith(".") for sentence in (row.meaning, row.action)), reason


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
