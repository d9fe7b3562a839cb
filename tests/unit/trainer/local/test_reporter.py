"""Progress of a run on this machine: shown at once, written now and then."""

import pathlib

import pytest

from darkroom_api.v1alpha1.model import ModelStatus
from darkroom_trainer.local import reporter as reporters
from darkroom_trainer.local.board import Board
from tests.unit.trainer.run_builders import a_model, parse, read_items


class Shown:
    """A display that keeps what it is asked to show."""

    def __init__(self) -> None:
        self.progress: list[tuple[str, int, str, int | None]] = []

    def say(self, text: str) -> None:
        """Show a line."""

    def end_progress(self) -> None:
        """Show no more progress."""

    def show_progress(self, name: str, percent: int, stage: str, eta_seconds: int | None) -> None:
        """Keep it."""
        self.progress.append((name, percent, stage, eta_seconds))


@pytest.mark.parametrize(("seconds", "written"), [(9.0, None), (11.0, "Training")], ids=["soon", "after a while"])
def test_progress_is_shown_at_once_and_written_as_often_as_an_operator_would(
    seconds: float, written: str | None, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, display = Board([parse(tmp_path, a_model())], tmp_path / "out"), Shown()
    (tmp_path / "out").mkdir()
    board.write()
    now = 100.0
    monkeypatch.setattr("darkroom_trainer.local.reporter.time.monotonic", lambda: now)
    reporter = reporters.StatusReporter(board, board.entries[0], display)
    now += seconds
    reporter.update(percent=40, stage="Training", eta_seconds=30, charged_seconds=24.0)
    assert display.progress == [("model/sorter", 40, "Training", 30)]
    status = board.entries[0].status
    assert isinstance(status, ModelStatus)
    assert status.budget is not None
    assert (status.budget.charged_seconds, status.budget.remaining_seconds) == (24.0, 36.0)
    progress = read_items(tmp_path / "out")["Model/sorter"]["status"].get("progress")
    assert (progress or {}).get("stage") == written
