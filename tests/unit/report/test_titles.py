"""Which look the badge of a phase has."""

import pytest

from darkroom_api.conditions import DatasetPhase, RunPhase
from darkroom_report.titles import find_tone

WAITING = {"Pending", "Queued", "Cancelled", "Unknown"}


@pytest.mark.parametrize("phase", sorted({*DatasetPhase, *RunPhase}))
def test_every_phase_but_those_that_wait_or_are_over_has_a_tone(phase: str) -> None:
    assert bool(find_tone(phase)) is (phase not in WAITING)


@pytest.mark.parametrize(("phase", "tone"), [("Failed", "bad"), ("Ready", "good"), ("Predicting", "busy"), ("x", "")])
def test_a_failure_looks_unlike_a_success_and_unlike_work(phase: str, tone: str) -> None:
    assert find_tone(phase) == tone
