"""Ctrl-C during `darkroom run`, with a real process."""

import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

from tests.unit.command.run_builders import a_dataset, read_items, write_manifests


def test_ctrl_c_ends_with_130_and_a_written_status(tmp_path: pathlib.Path) -> None:
    """The annotation file is a pipe that nobody writes to: the inspection waits until the signal comes."""
    (tmp_path / "data").mkdir()
    os.mkfifo(tmp_path / "data" / "train.json")
    path = write_manifests(tmp_path, a_dataset())
    words = [sys.executable, "-m", "darkroom_trainer.command", "run", "-f", path, "--output", str(tmp_path / "out")]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    killer = threading.Timer(30, process.kill)
    killer.start()
    assert process.stderr is not None
    assert "Inspecting" in process.stderr.readline()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    killer.cancel()
    assert process.returncode == 130, err
    status = read_items(tmp_path / "out")["Dataset/fruit"]["status"]
    assert (status["phase"], status["reason"]) == ("Pending", "RetryingAfterDisruption")
    assert "statuses: " in out
    assert "Traceback" not in err
