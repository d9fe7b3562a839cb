"""Which Warning Events are kept, and which of several tells why a Job or pod is not progressing."""

from typing import Any

import pytest

from darkroom_operator.api.resources import JOBS, MODELS, PODS, WARNINGS, Key
from darkroom_operator.facts.findings import Complaint
from darkroom_operator.observing.store import Store
from darkroom_operator.observing.warning_events import MOST_STRANGERS, STALE_SECONDS, WarningEvents
from tests.builders import stamp
from tests.unit.operator.objects import a_child, an_object

MODEL = Key("Model", "vision", "fruit")
NAMED = {"name": "e", "namespace": "vision"}


def an_event(note: str, seconds: float = 1, about: str = "c1", uid: str = "", **fields: Any) -> dict[str, Any]:
    """Return a Warning as the API server serves one that was posted by the older API."""
    times = {"deprecatedLastTimestamp": stamp(seconds)}
    metadata = {**NAMED, "uid": uid or f"e-{note}", "creationTimestamp": stamp(0)}
    return {"metadata": metadata, "reason": "R", "note": note, "regarding": {"uid": about}, **times, **fields}


MISSING_A, MISSING_B, TIMEOUT = 'secret "a" not found', 'secret "b" not found', "timed out waiting for the condition"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([], None),
        ([(TIMEOUT, 1)], TIMEOUT),
        ([(MISSING_A, 1), (MISSING_B, 5), (TIMEOUT, 9)], MISSING_B),
        ([(TIMEOUT, 9), (MISSING_B, 5), (MISSING_A, 1)], MISSING_B),
        ([(MISSING_A, 1), ("no address left", 600)], "no address left"),
        ([(MISSING_A, 1), (TIMEOUT, 1 + STALE_SECONDS)], MISSING_A),
        ([(MISSING_A, 1), (TIMEOUT, 600), (MISSING_A, 601)], MISSING_A),
        ([(TIMEOUT, 600), (TIMEOUT, 1), (MISSING_A, 300)], MISSING_A),
    ],
    ids=[
        "nothing",
        "an Event that names no cause",
        "the newest that names a cause",
        "in whatever order they come",
        "a cause that is repeated no more is over",
        "a cause lasts as long as its pause between repetitions",
        "a cause that is repeated lasts",
        "old news of an Event come too late",
    ],
)
def test_the_newest_event_that_tells_a_cause_which_lasts_counts(
    told: list[tuple[str, float]], expected: str | None
) -> None:
    warnings = WarningEvents()
    warnings.expect("vision", "c1")
    for note, seconds in told:
        warnings.put(an_event(note, seconds))
    found = warnings.find_complaint("vision", "c1")
    assert (found.message if found else None) == expected


@pytest.mark.parametrize(
    "times",
    [
        {"deprecatedLastTimestamp": stamp(9)},
        {"deprecatedLastTimestamp": None, "eventTime": "2026-06-01T12:00:09.000001Z"},
        {
            "deprecatedLastTimestamp": None,
            "eventTime": stamp(1),
            "series": {"count": 2, "lastObservedTime": "2026-06-01T12:00:09.000001Z"},
        },
        {"deprecatedLastTimestamp": None, "metadata": {**NAMED, "uid": "e2", "creationTimestamp": stamp(9)}},
    ],
    ids=["core/v1", "events.k8s.io/v1", "a series", "only its creation"],
)
def test_an_event_of_either_api_tells_when_it_was_seen_last(times: dict[str, Any]) -> None:
    warnings = WarningEvents()
    warnings.expect("vision", "c1")
    warnings.put(an_event("late", **times))
    warnings.put(an_event("early", 5))
    assert warnings.find_complaint("vision", "c1") == Complaint("c1", "R", "late")


def test_only_an_event_that_changes_what_is_known_is_news() -> None:
    warnings = WarningEvents()
    warnings.expect("vision", "c1")
    told = [(MISSING_A, 1), (MISSING_A, 60), (TIMEOUT, 61), (MISSING_B, 62)]
    assert [warnings.put(an_event(note, seconds)) for note, seconds in told] == ["c1", None, None, "c1"]
    assert warnings.remove(an_event(MISSING_A)) is None
    assert warnings.remove(an_event(MISSING_B)) == "c1"
    assert warnings.remove(an_event(MISSING_B, about="another")) is None


def test_what_is_kept_is_bounded() -> None:
    warnings = WarningEvents()
    warnings.expect("vision", "c1")
    for number in range(3 * MOST_STRANGERS):
        warnings.put(an_event(f"{number} not found", number, uid=f"e{number}"))
        warnings.put(an_event("of another program", number, about=f"stranger-{number}"))
    kept: Any = vars(warnings)
    assert len(kept["_kept"]["vision", "c1"]) <= 2
    assert len(kept["_strangers"]) == MOST_STRANGERS


@pytest.mark.parametrize("resource", [JOBS, PODS], ids=["Job", "pod"])
def test_an_event_wakes_the_owner_of_what_it_is_about(resource: Any) -> None:
    store = Store()
    store.put(MODELS, an_object(1))
    store.put(resource, a_child(2))
    assert store.put(WARNINGS, an_event(MISSING_A)) == {MODEL}
    assert store.put(WARNINGS, an_event(MISSING_A, 60)) == set()
    assert store.put(WARNINGS, an_event(MISSING_A, about="another")) == set()
    assert store.remove(WARNINGS, an_event(MISSING_A)) == {MODEL}
    assert store.warnings.find_complaint("vision", "c1") is None


def test_an_event_that_comes_before_its_pod_is_kept() -> None:
    store = Store()
    store.put(MODELS, an_object(1))
    store.put(WARNINGS, an_event(MISSING_A))
    store.put(PODS, a_child(2))
    assert store.warnings.find_complaint("vision", "c1") == Complaint("c1", "R", MISSING_A)


@pytest.mark.parametrize("resource", [JOBS, PODS], ids=["Job", "pod"])
def test_events_go_with_what_they_are_about(resource: Any) -> None:
    store = Store()
    store.put(MODELS, an_object(1))
    store.put(resource, a_child(2))
    store.put(WARNINGS, an_event(MISSING_A))
    store.remove(resource, a_child(3))
    assert store.warnings.find_complaint("vision", "c1") is None
    assert store.put(WARNINGS, an_event(MISSING_A, 2)) == set()


def test_an_event_of_another_namespace_is_not_about_it() -> None:
    store = Store()
    store.put(MODELS, an_object(1))
    store.put(PODS, a_child(2))
    elsewhere = {**NAMED, "namespace": "elsewhere", "uid": "e9"}
    assert store.put(WARNINGS, an_event(MISSING_A, metadata=elsewhere)) == set()
    assert store.warnings.find_complaint("vision", "c1") is None
