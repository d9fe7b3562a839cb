"""A real trainer process that gets SIGTERM at one stage after another: it ends with 143 in time, and work goes on."""

import http.server
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator

import pytest

from darkroom_api import conditions, endings, report, run_config
from darkroom_api.v1alpha1.common import Task
from tests.local_storage import LOCAL, a_local_place
from tests.support import learning
from tests.unit.trainer import prediction_runs, tiny_runs

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
        arguments = [
            config.command.value,
            "--config",
            path,
            "--work",
            work,
            "--termination-log",
            self._end,
            "--port",
            "0",
        ]
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
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{ports[0]}/status", timeout=10) as answer:
                stage: str = json.load(answer)["stage"]
        except OSError:  # the process ends, or has ended
            return ""
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
    train = learning.write_squares(tmp_path / "train", 24, boxed=True)
    output = a_local_place(tmp_path / "model")
    config = tiny_runs.a_config(run_config.Command.TRAIN, Task.DETECTOR, train, budget_seconds=45.0, output=output)
    charged = 0.0
    stages = ("Starting", "Measuring the speed", "Training the hold-out", "Refitting")
    for attempt, stage in enumerate(stages, start=1):
        trainer = Trainer(tmp_path, config.model_copy(update={"attempt": attempt}))
        trainer.wait_for(stage)
        trainer.stop()
        code, outcome = trainer.end(GRACE_SECONDS)
        assert code == endings.ExitCode.STOPPED, outcome and outcome.message
        assert outcome is not None, stage
        assert outcome.reason is conditions.Reason.RETRYING_AFTER_DISRUPTION
        assert outcome.meter.charged_seconds >= charged, "kept work is not lost"
        charged = outcome.meter.charged_seconds
    assert charged > 0, "the stops while it trained kept a checkpoint"
    code, outcome = Trainer(tmp_path, config.model_copy(update={"attempt": len(stages) + 1})).end(150)
    assert outcome is not None
    assert code == endings.ExitCode.SUCCEEDED, outcome.message
    assert charged < outcome.meter.charged_seconds <= 45.0


LISTING = """<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>
<Contents><Key>in/a.png</Key><Size>9</Size></Contents></ListBucketResult>"""


class Hanging(http.server.BaseHTTPRequestHandler):
    """A bucket that lists one image, and says nothing when it is asked for it."""

    def do_GET(self) -> None:
        if "list-type" not in self.path:
            time.sleep(GRACE_SECONDS)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(LISTING)))
        self.end_headers()
        self.wfile.write(LISTING.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hanging_bucket() -> Iterator[run_config.Location]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hanging)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    yield run_config.Location(uri="s3://b/in", storage=LOCAL.model_copy(update={"endpoint": endpoint}))
    server.shutdown()


def test_a_prediction_that_waits_for_a_bucket_ends_within_seconds_and_says_that_it_starts_again(
    hanging_bucket: run_config.Location, tmp_path: pathlib.Path
) -> None:
    model = prediction_runs.write_model(tmp_path / "model")
    config = prediction_runs.a_prediction(model, prediction_runs.a_labelled_dataset(), images=hanging_bucket)
    trainer = Trainer(tmp_path, config)
    trainer.wait_for("Listing")
    trainer.stop()
    code, outcome = trainer.end(GRACE_SECONDS / 2)
    assert code == endings.ExitCode.STOPPED
    assert outcome is not None
    assert outcome.reason is conditions.Reason.RETRYING_AFTER_DISRUPTION
    assert outcome.message == "Stopped on request; nothing of the attempt is kept: the next starts again."
