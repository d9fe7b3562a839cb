"""Which runs are forgotten: of those that have ended the oldest, namespace by namespace."""

from datetime import timedelta

import pytest

from darkroom_server.config import RunLimits
from darkroom_server.runs.record import RunRecord
from darkroom_server.runs.retention import choose_forgotten
from tests.support.server.runs import NOW, a_record

LIMITS = RunLimits(most_kept=2, kept_seconds=100)


def ended(name: str, seconds_ago: float, namespace: str = "default") -> RunRecord:
    return a_record(name, namespace=namespace).succeed({}, NOW - timedelta(seconds=seconds_ago))


@pytest.mark.parametrize(
    ("records", "forgotten"),
    [
        pytest.param([], [], id="nothing of nothing"),
        pytest.param([ended("a", 99), ended("b", 1)], [], id="none within both limits"),
        pytest.param([ended("a", 101), ended("b", 1)], ["a"], id="what is too old"),
        pytest.param([ended("b", 2), ended("a", 3), ended("c", 1)], ["a"], id="the oldest of too many"),
        pytest.param([ended("a", 3), ended("b", 2), ended("c", 1, "other")], [], id="each namespace for itself"),
        pytest.param(
            [a_record("a", created_at=NOW - timedelta(1)), *(ended(name, 1) for name in "bc")], [], id="none at work"
        ),
    ],
)
def test_the_oldest_that_have_ended_go(records: list[RunRecord], forgotten: list[str]) -> None:
    assert [record.name for record in choose_forgotten(records, LIMITS, NOW)] == forgotten
