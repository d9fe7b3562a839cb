"""Whole runs on two devices: the same results, twice the charge, and checkpoints that any number of devices resumes."""

import os
import pathlib

import pytest

from darkroom_api import conditions, run_config
from darkroom_api.endings import ExitCode
from darkroom_api.v1alpha1.common import Task
from darkroom_predict import listing
from darkroom_trainer.checkpoints import sessions
from darkroom_trainer.commands import engine
from darkroom_trainer.runtime import reporting
from darkroom_trainer.training import fitting
from tests.local_storage import a_local_place
from tests.support.learning import write_squares
from tests.unit.trainer.tiny_runs import TICK_SECONDS, StopAt, TickingClock, a_config, a_meter

BUDGET = 30.0
NAMES = ["model.json", "model.safetensors", "metrics.json", "predictions.json"]
"""The picture is left out where drawing it does not fit the budget."""


def two_devices(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> run_config.RunConfig:
    monkeypatch.setattr("darkroom_trainer.tasks.classifier.Classifier.least_passes", 100)
    train = write_squares(tmp_path / "train", 30, boxed=False)
    model = a_local_place(tmp_path / "model")
    return a_config(run_config.Command.TRAIN, Task.CLASSIFIER, train, budget_seconds=BUDGET, output=model, devices=2)


def list_children() -> set[str]:
    folder = pathlib.Path(f"/proc/{os.getpid()}/task")
    return {child for path in folder.glob("*/children") for child in path.read_text().split()}


@pytest.fixture
def children_before() -> set[str]:
    """Return the processes that other tests of this session keep."""
    return list_children()


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_run_on_two_devices_gives_the_same_results_and_is_charged_for_both(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, children_before: set[str]
) -> None:
    config, clock = two_devices(tmp_path, monkeypatch), TickingClock()
    started = clock()
    outcome = engine.execute(
        config, tmp_path / "w", reporting.SilentReporter(), meter=engine.open_meter(config, started, clock)
    )
    elapsed = clock() - started
    assert outcome.reason is conditions.Reason.SUCCEEDED, outcome.message
    assert outcome.artifacts is not None
    assert listing.check_files(tmp_path / "model", NAMES).digest == outcome.artifacts.digest
    assert outcome.meter.devices == 2
    assert outcome.meter.charged_seconds == pytest.approx(2 * elapsed, abs=5 * TICK_SECONDS)
    assert BUDGET / 2 < outcome.meter.charged_seconds <= BUDGET
    assert list_children() <= children_before


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("devices", [1, 2])
def test_a_stopped_run_of_two_devices_goes_on_with_any_number_of_them(
    tmp_path: pathlib.Path, devices: int, monkeypatch: pytest.MonkeyPatch, children_before: set[str]
) -> None:
    config, reporter = two_devices(tmp_path, monkeypatch), StopAt(fitting.STAGE_NAMES[sessions.Stage.HOLD_OUT])
    stopped = engine.execute(config, tmp_path / "w1", reporter, reporter.stop, a_meter(config))
    assert stopped.exit_code == ExitCode.STOPPED, stopped.message
    assert list_children() <= children_before
    again = config.model_copy(update={"attempt": 2, "devices": devices})
    finished = engine.execute(again, tmp_path / "w2", reporting.SilentReporter(), meter=a_meter(again))
    assert finished.reason is conditions.Reason.SUCCEEDED, finished.message
    assert stopped.meter.charged_seconds < finished.meter.charged_seconds <= BUDGET
