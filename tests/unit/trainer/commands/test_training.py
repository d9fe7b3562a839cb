"""A training that has to begin anew has what earlier attempts left of its budget, and ends inside it."""

import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from darkroom_api import conditions, endings, report, run_config
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.checkpoints.sessions import Stage
from darkroom_trainer.commands import engine
from darkroom_trainer.tasks.classifier import Classifier
from darkroom_trainer.training.fitting import STAGE_NAMES
from tests.support import learning, tiny_runs

BUDGET_SECONDS = 15.0
FEW_TICKS = 10 * tiny_runs.TICK_SECONDS
"""What a run may be late, on a clock that moves whenever it is read."""


class Squares(NamedTuple):
    """A Model to train on squares, by attempts."""

    folder: pathlib.Path
    file: pathlib.Path

    def run(self, attempt: int, charged_seconds: float, stop_at: str = "never") -> tuple[report.Outcome, float]:
        """Return how an attempt ends that is told of such a charge, and how long it worked on its clock."""
        config = tiny_runs.a_config(
            run_config.Command.TRAIN,
            Task.CLASSIFIER,
            self.file,
            attempt=attempt,
            budget_seconds=BUDGET_SECONDS,
            charged_seconds=charged_seconds,
            output=run_config.Location(uri=(self.folder / "model").as_uri()),
        )
        reporter, clock = tiny_runs.StopAt(stop_at), tiny_runs.TickingClock()
        meter = engine.open_meter(config, clock=clock)
        outcome = engine.execute(config, self.folder / f"w{attempt}", reporter, reporter.stop, meter)
        return outcome, clock()

    def list_manifests(self) -> Iterator[pathlib.Path]:
        """Give the checkpoints' manifests, oldest first."""
        paths = sorted((self.folder / "model/checkpoints").glob("*.json"))
        return (path for path in paths if not path.name.startswith("attempt"))


@pytest.fixture
def squares(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Squares:
    monkeypatch.setattr(Classifier, "least_passes", 100)
    learning.leave_to_networks(monkeypatch)
    return Squares(tmp_path, learning.write_squares(tmp_path / "train", 30, boxed=False))


def stop_while_refitting(squares: Squares) -> float:
    """Return what a first attempt kept that was stopped late."""
    stopped, _ = squares.run(1, 0.0, STAGE_NAMES[Stage.REFIT])
    assert stopped.exit_code is endings.ExitCode.STOPPED, stopped.message
    assert 4 < stopped.meter.charged_seconds < 12
    return stopped.meter.charged_seconds


def change_data(squares: Squares) -> None:
    coco = json.loads(squares.file.read_text())
    squares.file.write_text(json.dumps({**coco, "annotations": coco["annotations"][:-1]}))


def damage(squares: Squares) -> None:
    for path in squares.list_manifests():
        path.with_suffix(".safetensors").write_bytes(b"")


def make_old(squares: Squares) -> None:
    for path in squares.list_manifests():
        path.write_text(json.dumps({**json.loads(path.read_text()), "format": 3}))


def lose(squares: Squares) -> None:
    for path in squares.list_manifests():
        path.unlink()


HARMS = {
    "the Dataset has changed": (change_data, "belong to another revision of the data"),
    "every checkpoint is damaged": (damage, "are damaged"),
    "the checkpoints are of an older format": (make_old, "were written by a version that is too old"),
    "the checkpoints are gone": (lose, "are gone"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("harm", "why"), HARMS.values(), ids=HARMS.keys())
def test_a_new_start_gives_a_model_within_what_remains_where(
    squares: Squares, harm: Callable[[Squares], None], why: str
) -> None:
    kept = stop_while_refitting(squares)
    harm(squares)
    outcome, worked_seconds = squares.run(2, kept)
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert f"begun anew with {BUDGET_SECONDS - kept:.0f}s of 15s, since the checkpoints of earlier attempts {why}" in (
        outcome.message
    )
    assert worked_seconds <= BUDGET_SECONDS - kept + FEW_TICKS
    assert kept < outcome.meter.charged_seconds <= BUDGET_SECONDS


@pytest.mark.slow
def test_where_what_remains_holds_no_training_the_run_ends_at_once_and_says_what_would_do(squares: Squares) -> None:
    stop_while_refitting(squares)
    change_data(squares)
    outcome, worked_seconds = squares.run(2, 14.0)
    assert outcome.reason is conditions.Reason.BUDGET_NOT_ENOUGH, outcome.message
    assert outcome.message.startswith("the budget left to begin anew is not enough (1s of 15s, since"), outcome.message
    assert outcome.meter.charged_seconds == 14.0, "nothing was kept beyond what was charged before"
    assert worked_seconds < 5


@pytest.mark.slow
def test_a_checkpoint_that_cannot_be_used_tells_its_charge_where_the_last_attempt_crashed_and_told_none(
    squares: Squares,
) -> None:
    kept = stop_while_refitting(squares)
    change_data(squares)
    outcome, worked_seconds = squares.run(2, 0.0)
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert worked_seconds <= BUDGET_SECONDS - kept + FEW_TICKS


@pytest.mark.slow
def test_where_only_the_newest_checkpoint_is_damaged_the_one_before_has_what_remains(squares: Squares) -> None:
    kept = stop_while_refitting(squares)
    *_, newest = squares.list_manifests()
    newest.with_suffix(".safetensors").write_bytes(b"")
    outcome, worked_seconds = squares.run(2, kept)
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert "begun anew" not in outcome.message
    assert kept < outcome.meter.charged_seconds <= BUDGET_SECONDS
    assert worked_seconds <= BUDGET_SECONDS - kept + 5, "reading the data again is not charged"


@pytest.mark.slow
def test_a_cancelled_training_that_keeps_nothing_is_charged_nothing(squares: Squares) -> None:
    kept = stop_while_refitting(squares)
    damage(squares)
    config: dict[str, Any] = {"publish_only": True, "charged_seconds": kept, "attempt": 2}
    outcome = tiny_runs.run(
        run_config.Command.TRAIN,
        Task.CLASSIFIER,
        squares.file,
        squares.folder / "w2",
        budget_seconds=BUDGET_SECONDS,
        output=run_config.Location(uri=(squares.folder / "model").as_uri()),
        **config,
    )
    assert outcome.reason is conditions.Reason.CANCELLED, outcome.message
    assert (outcome.artifacts, outcome.meter.charged_seconds) == (None, 0.0)
