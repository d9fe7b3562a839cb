"""A real trainer process that gets SIGTERM at one stage after another: it ends with 143 in time, and work goes on."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from darkroom_api import conditions, endings, report, run_config
from darkroom_api.v1alpha1.common import Task
from tests.local_storage import a_local_place
from tests.support import learning
from tests.unit.trainer import tiny_runs

GRACE_SECONDS = 30.0
"""What Kubernetes leaves between SIGTERM and SIGKILL by default."""
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}


class Trainer:
    """One attempt in a process of its own."""

    def __init__(self, folder: pathlib.Path, config: run_config.RunConfig) -> None:
        self._end = folder / f"end-{config.attempt}.json"
        self._log = folder / f"log-{config.attempt}"
        path = folder / f"run-{config.attempt}.json"
        path.write_text(json.dumps(config.to_json()))
        work = folder / f"work-{config.attempt}"
        arguments = ["train", "--config", path, "--work", work, "--termination-log", self._end, "--port", "0"]
        command = [sys.executable, "-m", "darkroom_trainer", *map(str, arguments)]
        self._process = subprocess.Popen(command, stdout=self._log.open("w"), stderr=subprocess.STDOUT, env=ENVIRONMENT)

    def wait_for(self, stage: str) -> None:
        """Return once the report port tells a stage that begins so; fails where the process ends before."""
        while not self._read_stage().startswith(stage):
            assert self._process.poll() is None, self._log.read_text()
            time.sleep(0.02)

    def _read_stage(self) -> str:
        ports = [json.loads(line).get("report_port") for line in self._log.read_text().splitlines() if "port" in line]
        if not ports:
            return ""
        with urllib.request.urlopen(f"http://127.0.0.1:{ports[0]}/status", timeout=10) as answer:
            stage: str = json.load(answer)["stage"]
        return stage

    def stop(self) -> None:
        """Send SIGTERM."""
        self._process.send_signal(signal.SIGTERM)

    def end(self, timeout_seconds: float) -> tuple[int, report.Outcome | None]:
        """Return exit code and outcome; the process is killed where it takes longer."""
        try:
            code = self._process.wait(timeout_seconds)
        finally:
            self._process.kill()
        return code, report.parse_outcome(self._end.read_text()) if self._end.exists() else None


@pytest.mark.slow
def test_a_stop_at_any_stage_ends_with_143_in_time_and_the_run_succeeds_after_all(tmp_path: pathlib.Path) -> None:
    train = learning.write_squares(tmp_path / "train", 60, boxed=True)
    output = a_local_place(tmp_path / "model")
    config = tiny_runs.a_config(run_config.Command.TRAIN, Task.DETECTOR, train, budget_seconds=30.0, output=output)
    charged = 0.0
    stages = ("Starting", "Measuring the speed", "Training the hold-out", "Refitting")
    for attempt, stage in enumerate(stages, start=1):
        trainer = Trainer(tmp_path, config.model_copy(update={"attempt": attempt}))
        trainer.wait_for(stage)
        trainer.stop()
        code, outcome = trainer.end(GRACE_SECONDS)
        assert code == endings.ExitCode.STOPPED, stage
        assert outcome is not None, stage
        assert outcome.reason is conditions.Reason.RETRYING_AFTER_DISRUPTION
        assert outcome.meter.charged_seconds >= charged, "kept work is not lost"
        charged = outcome.meter.charged_seconds
    assert charged > 0, "the stops while it trained kept a checkpoint"
    code, outcome = Trainer(tmp_path, config.model_copy(update={"attempt": len(stages) + 1})).end(150)
    assert outcome is not None
    assert code == endings.ExitCode.SUCCEEDED, outcome.message
    assert charged < outcome.meter.charged_seconds <= 30.0
