"""Where a run can be stopped, and what has been told by then."""

import threading

import pytest

from darkroom_trainer.runtime.stopping import RunStopped, StoppingReporter, stop_if_asked


class Heard:
    """A reporter that keeps the stages that it is told."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def update(self, *, stage: str, **_others: object) -> None:
        """Keep the stage."""
        self.stages.append(stage)


def an_event(*, is_set: bool) -> threading.Event:
    event = threading.Event()
    if is_set:
        event.set()
    return event


@pytest.mark.parametrize("stop", [None, an_event(is_set=False)], ids=["nobody can ask", "nobody has asked"])
def test_a_run_goes_on_until_somebody_asks(stop: threading.Event | None) -> None:
    heard = Heard()
    stop_if_asked(stop)
    StoppingReporter(heard, stop).update(percent=1, stage="Reading")
    assert heard.stages == ["Reading"]


def test_a_report_is_passed_on_before_it_stops_the_run() -> None:
    heard = Heard()
    with pytest.raises(RunStopped, match="what was worth keeping is in the last checkpoint"):
        StoppingReporter(heard, an_event(is_set=True)).update(percent=1, stage="Reading", charged_seconds=2.0)
    assert heard.stages == ["Reading"]
