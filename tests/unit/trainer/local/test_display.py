"""Lines, tables and scores as a user sees them."""

import io
import pathlib
from datetime import UTC, datetime, timedelta

from darkroom_api.v1alpha1.common import MeasuredOn, Performance
from darkroom_api.v1alpha1.prediction import PredictionSummary
from darkroom_trainer.local.display import (
    BarDisplay,
    LineDisplay,
    open_display,
    render_counts,
    render_end,
    render_scores,
    render_tables,
)
from darkroom_trainer.local.manifests import KINDS

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
CREATED = f"{NOW - timedelta(seconds=90):%Y-%m-%dT%H:%M:%SZ}"


class FakeClock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_progress_lines_come_at_most_every_five_seconds_and_only_when_something_changed() -> None:
    stream, clock = io.StringIO(), FakeClock()
    display = LineDisplay(stream, clock)
    for second in range(21):
        clock.now = float(second)
        display.show_progress("model/m", min(second, 11), "Training", 30 if second < 12 else 5)
    assert stream.getvalue().splitlines() == [
        "model/m  5%  Training, 30s left",
        "model/m  10%  Training, 30s left",
        "model/m  11%  Training, 5s left",
    ]


def test_a_terminal_gets_a_bar_and_everything_else_lines() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert isinstance(open_display(io.StringIO()), LineDisplay)
    terminal = Terminal()
    display = open_display(terminal)
    assert isinstance(display, BarDisplay)
    display.show_progress("model/m", 40, "Training", None)
    display.say("a line")
    display.end_progress()
    assert " 40%|" in terminal.getvalue()
    assert "a line\n" in terminal.getvalue()


def test_tables_have_the_columns_of_kubectl() -> None:
    model = {
        "kind": "Model",
        "metadata": {"name": "sorter", "creationTimestamp": CREATED},
        "spec": {"task": "classifier", "budget": "60s"},
        "status": {
            "phase": "Succeeded",
            "reason": "Succeeded",
            "budget": {"chargedSeconds": 41.5},
            "performance": {"score": 0.98765},
        },
    }
    header, row = render_tables(KINDS.values(), [model], NOW).splitlines()
    assert header.split() == ["NAME", "PHASE", "REASON", "TASK", "BUDGET", "USED", "SCORE", "AGE"]
    assert row.split() == [
        "model.darkroom.dev/sorter", "Succeeded", "Succeeded", "classifier", "60s", "41.5", "0.9877", "1m30s",
    ]  # fmt: skip


def test_scores_say_what_they_were_measured_on() -> None:
    performance = Performance(measured_on=MeasuredOn.HOLD_OUT, images=1200, score=0.5, accuracy_top1=0.5)
    assert render_scores(performance) == "accuracyTop1 0.5000 (on 1,200 images of a held-out part of the training data)"


def test_a_prediction_says_what_it_answered_and_what_it_passed_over() -> None:
    summary = PredictionSummary(images=1041, objects=120, below_threshold=3, already_labelled=12, unreadable=1)
    assert render_counts(summary) == (
        "120 objects in 1,041 images, 3 of them with none; passed over 12 labelled and 1 unreadable images"
    )
    status = {"phase": "Succeeded", "summary": summary.to_json(), "artifacts": {"uri": "file:///out/new"}}
    item = {"kind": "Prediction", "metadata": {"name": "new", "creationTimestamp": NOW.isoformat()}, "status": status}
    assert f"prediction/new: {render_counts(summary)}\nprediction/new: files in file:///out/new" in render_end(
        [item], NOW, pathlib.Path("out")
    )
