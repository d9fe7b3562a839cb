"""How far the reading of images is, told once a second."""

import time

import pytest

from darkroom_trainer.data.sources.progress import build_count, build_progress
from darkroom_trainer.runtime.reporting import SilentReporter


class Listener(SilentReporter):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, str]] = []

    def update(self, *, percent: int, stage: str, **_: object) -> None:
        self.told.append((percent, stage))


def test_counts_are_told_once_a_second_and_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    listener, moments = Listener(), iter([100.0, 100.4, 101.1])
    show = build_progress(listener, "checking", show_percent=True)
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    for done in (1, 2, 500, 2000):
        show(done, 2000)
    assert listener.told == [
        (0, "checking images (1 of 2,000)"),
        (25, "checking images (500 of 2,000)"),
        (100, "checking images (2,000 of 2,000)"),
    ]


def test_images_are_no_percentage_of_a_run_that_goes_on() -> None:
    listener = Listener()
    build_progress(listener, "reading")(7, 7)
    assert listener.told == [(0, "reading images (7 of 7)")]


def test_a_count_without_an_end_is_told_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    listener, moments = Listener(), iter([100.0, 100.4, 101.1])
    show = build_count(listener, "listing")
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    for done in (1, 1000, 2000):
        show(done)
    assert listener.told == [(0, "listing images (1 so far)"), (0, "listing images (2,000 so far)")]
