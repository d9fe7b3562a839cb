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
from darkroom_trainer.parallel import ends, member, orders
from darkroom_trainer.runtime import device, errors, reporting
from darkroom_trainer.training import fitting
from tests.unit.training.learning import write_squares
from tests.unit.training.test_tiny_training import TICK_SECONDS, StopAt, TickingClock, a_config

BUDGET = 20.0
NAMES = ["model.json", "model.safetensors", "metrics.json", "predictions.json"]
"""The picture is left out where drawing it does not fit the budget."""


def two_devices(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> run_config.RunConfig:
    monkeypatch.setattr("darkroom_trainer.tasks.classifier.Classifier.least_passes", 100)
    train = write_squares(tmp_path / "train", 30, boxed=False)
    model = run_config.Location(uri=(tmp_path / "model").as_uri())
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
    outcome = engine.execute(config, tmp_path / "w", reporting.SilentReporter(), started_at=started, clock=clock)
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
    stopped = engine.execute(config, tmp_path / "w1", reporter, reporter.stop, clock=TickingClock())
    assert stopped.exit_code == ExitCode.STOPPED, stopped.message
    assert list_children() <= children_before
    again = config.model_copy(update={"attempt": 2, "devices": devices})
    finished = engine.execute(again, tmp_path / "w2", reporting.SilentReporter(), clock=TickingClock())
    assert finished.reason is conditions.Reason.SUCCEEDED, finished.message
    assert stopped.meter.charged_seconds < finished.meter.charged_seconds <= BUDGET


@pytest.mark.parametrize(("wanted", "present", "is_refused"), [(1, 1, False), (4, 4, False), (4, 2, True)])
def test_more_devices_than_there_are_is_refused_by_field(wanted: int, present: int, is_refused: bool) -> None:
    if not is_refused:
        device.check_device_count(wanted, present)
        return
    with pytest.raises(errors.RunError, match=r"^compute\.devices: 4 .* sees 2$") as caught:
        device.check_device_count(wanted, present)
    assert caught.value.reason is conditions.Reason.INVALID_CONFIGURATION


def test_a_batch_that_is_too_small_to_be_shared_is_refused_by_field() -> None:
    ends.check_batch(16, 8)
    with pytest.raises(errors.RunError, match=r"^compute\.devices: 8 devices cannot share batches of 15 images"):
        ends.check_batch(15, 8)


class Ended(member.Member):
    """A process that has ended in a known way."""

    def __init__(self, rank: int, exit_code: int | None, failure: orders.Failure | None = None) -> None:
        self.rank = rank
        self.failure = failure
        self._exit_code = exit_code

    @property
    def exit_code(self) -> int | None:
        """Return what the test says."""
        return self._exit_code

    @property
    def has_ended(self) -> bool:
        """Return what the test says."""
        return self._exit_code is not None


FULL = orders.Failure("CUDA out of memory", is_out_of_memory=True)
ALONE = orders.Failure("LostTouchError: closed by peer", is_out_of_memory=False)


@pytest.mark.parametrize(
    ("members", "kind", "said"),
    [
        pytest.param([Ended(1, 1, ALONE), Ended(2, -11)], "Unknown", r"device 2 .* -11 \(SIGSEGV\)", id="a crash"),
        pytest.param([Ended(1, 1, ALONE), Ended(2, -9)], "OutOfMemory", r"device 2 .*SIGKILL", id="killed"),
        pytest.param([Ended(1, 1, ALONE), Ended(2, 1, FULL)], None, "device 2: CUDA out of memory", id="full"),
        pytest.param([Ended(1, 1, ALONE), Ended(2, None)], "Unknown", "device 1 failed: LostTouch", id="the only word"),
        pytest.param([Ended(1, None), Ended(2, None)], "Unknown", "no process of 2 answers", id="silence"),
    ],
)
def test_the_device_that_was_lost_first_is_named(members: list[member.Member], kind: str | None, said: str) -> None:
    error = ends.explain_loss(members, "timeout")
    with pytest.raises(type(error), match=said):
        raise error
    assert getattr(error, "reason", None) == kind
