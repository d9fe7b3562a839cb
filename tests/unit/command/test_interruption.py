"""What signals do to a run, within one process."""

import pathlib
import signal
import threading

import pytest

from darkroom_api.conditions import Reason
from darkroom_api.report import Meter, Outcome
from darkroom_api.run_config import Command, RunConfig
from darkroom_trainer import command
from darkroom_trainer.commands import engine
from darkroom_trainer.local.interruption import Interruption
from darkroom_trainer.runtime.reporting import Reporter
from tests.unit.command.run_builders import a_dataset, a_model, read_items, write_images, write_manifests


def test_a_patient_run_is_asked_first_and_interrupted_the_second_time() -> None:
    with Interruption() as interruption:
        interruption.patient = True
        signal.raise_signal(signal.SIGTERM)
        assert interruption.stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_an_impatient_run_is_interrupted_at_once_and_signals_are_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Interruption() as interruption:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert interruption.stop.is_set()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_training_that_stopped_when_asked_is_queued_again_with_its_cost(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trainer is replaced by one that is asked to stop at once, as a real one is after minutes."""
    inspect = engine.execute

    def execute(config: RunConfig, work: pathlib.Path, reporter: Reporter, stop: threading.Event) -> Outcome:
        if config.command is Command.INSPECT:
            return inspect(config, work, reporter, stop)
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        meter = Meter(charged_seconds=12.0)
        return Outcome(command=config.command, reason=Reason.RETRYING_AFTER_DISRUPTION, message="stopped", meter=meter)

    monkeypatch.setattr(engine, "execute", execute)
    write_images(tmp_path)
    path = write_manifests(tmp_path, a_dataset(), a_model(), a_model("next"))
    assert command.main(["run", "-f", path, "--output", str(tmp_path / "out")]) == 130
    items = read_items(tmp_path / "out")
    stopped, waiting = items["Model/sorter"]["status"], items["Model/next"]["status"]
    assert (stopped["phase"], stopped["reason"]) == ("Queued", "RetryingAfterDisruption")
    assert (stopped["budget"]["chargedSeconds"], stopped["attempts"][0]["exitCode"]) == (12.0, 143)
    assert (waiting["phase"], waiting["reason"]) == ("Queued", "Scheduling")
