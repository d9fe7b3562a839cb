"""Events: which changes of a status are told, and how."""

import re
from typing import Any

import pytest

from darkroom_operator.api.resources import Key
from darkroom_operator.writing.events import build_event, build_repetition, find_notice
from tests.builders import START

FRUIT, PLUM = Key("Model", "vision", "fruit"), Key("Model", "vision", "plum")


@pytest.mark.parametrize(
    ("before", "after", "warning"),
    [
        ({}, {"phase": "Queued", "reason": "Scheduling"}, None),
        ({"phase": "Queued"}, {"phase": "Training", "reason": "Training", "message": "works"}, False),
        ({"phase": "Training"}, {"phase": "Succeeded", "reason": "Succeeded"}, False),
        ({"phase": "Training"}, {"phase": "Failed", "reason": "Unknown", "message": "x"}, True),
        ({"phase": "Training"}, {"phase": "Queued", "reason": "RetryingAfterDisruption"}, True),
        (
            {"phase": "Training", "reason": "Training"},
            {"phase": "Training", "reason": "Training", "message": "y"},
            None,
        ),
    ],
    ids=["queued", "starts", "succeeds", "fails", "is tried again", "only its words change"],
)
def test_a_change_is_told_when_a_user_should_notice(before: Any, after: Any, warning: bool | None) -> None:
    notice = find_notice(FRUIT, "u", before, after)
    assert (notice.warning if notice else None) is warning


def test_a_repetition_adds_to_the_series_of_the_same_event() -> None:
    first = find_notice(FRUIT, "u", {}, {"phase": "Training", "reason": "Training"})
    again = find_notice(FRUIT, "u", {"phase": "Queued"}, {"phase": "Training", "reason": "Training"})
    other = find_notice(PLUM, "u2", {}, {"phase": "Training", "reason": "Training"})
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.name == again.name != other.name
    event = build_event(first, "here", START)
    assert (event["metadata"]["namespace"], event["eventTime"]) == ("vision", "2026-06-01T12:00:00.000000Z")
    (operation,) = build_repetition({**event, "series": {"count": 4}}, START)
    assert operation["value"]["count"] == 5


NAMES = {
    "a short name": "fruit",
    "a name that the cut ends at a dot": "a" * 199 + "." + "b" * 20,
    "a name that the cut ends at dashes": "a" * 190 + "-" * 20 + "b",
    "the longest name, of short parts": "ab." * 84 + "c",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_an_event_has_a_name_that_the_api_server_takes(name: str) -> None:
    notice = find_notice(Key("Model", "vision", name), "u", {}, {"phase": "Training", "reason": "Training"})
    assert notice is not None
    assert len(notice.name) <= 253
    assert all(re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", part) for part in notice.name.split("."))


@pytest.mark.parametrize("message", ["x" * 3000, "\u00fc" * 1500, "a" + "\u6f22" * 900], ids=["one", "two", "three"])
def test_a_note_holds_what_the_api_server_takes_in_characters_of_any_number_of_bytes(message: str) -> None:
    notice = find_notice(FRUIT, "u", {}, {"phase": "Failed", "reason": "Unknown", "message": message})
    assert notice is not None
    note = build_event(notice, "here", START)["note"]
    assert 1020 < len(note.encode()) <= 1024
    assert message.startswith(note)


def test_a_failure_is_told_apart_from_the_attempts_with_the_same_reason_before_it() -> None:
    paused = find_notice(FRUIT, "u", {}, {"phase": "Queued", "reason": "StorageUnavailable"})
    failed = find_notice(FRUIT, "u", {"phase": "Queued"}, {"phase": "Failed", "reason": "StorageUnavailable"})
    assert paused is not None
    assert failed is not None
    assert (paused.warning, failed.warning) == (True, True)
    assert paused.name != failed.name
