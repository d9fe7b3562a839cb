"""What signals do to a run, within one process, and to one that is a process of its own."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading

import pytest

from darkroom_trainer.local.interruption import Interruption
from tests.unit.trainer.run_builders import a_dataset, read_items, write_manifests


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


def test_ctrl_c_ends_with_130_and_a_written_status(tmp_path: pathlib.Path) -> None:
    """The annotation file is in a bucket that does not answer: the inspection waits until the signal comes."""
    silent = socket.create_server(("127.0.0.1", 0))
    silent.settimeout(30)
    storage = {"endpoint": f"http://127.0.0.1:{silent.getsockname()[1]}"}
    path = write_manifests(tmp_path, a_dataset(annotationFiles=["s3://vision/train.json"], storage=storage))
    words = [sys.executable, "-m", "darkroom_trainer.command", "run", "-f", path, "--output", str(tmp_path / "out")]
    alone = {**os.environ, "AWS_EC2_METADATA_DISABLED": "true"}
    process = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=alone)
    killer = threading.Timer(30, process.kill)
    killer.start()
    assert process.stderr is not None
    assert "Inspecting" in process.stderr.readline()
    asked = silent.accept()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    killer.cancel()
    for server in (asked[0], silent):
        server.close()
    assert process.returncode == 130, err
    status = read_items(tmp_path / "out")["Dataset/fruit"]["status"]
    assert (status["phase"], status["reason"]) == ("Pending", "RetryingAfterDisruption")
    assert "statuses: " in out
    assert "Traceback" not in err
