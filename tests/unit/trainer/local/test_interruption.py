"""What signals do to a run, within one process."""

import signal

import pytest

from darkroom_trainer.local.interruption import Interruption


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
