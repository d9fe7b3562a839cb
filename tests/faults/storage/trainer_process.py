"""A real trainer process, as a pod's container runs it: a RunConfig in, a termination message and an exit code out.

Owns its files. The bucket is reached through a fault proxy.
"""

import json
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from darkroom_api import report


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    exit_code: int
    outcome: report.Outcome
    seconds: float
    log: str


class TrainerProcess:
    """One attempt of a run."""

    def __init__(self, folder: pathlib.Path, config: dict[str, Any]) -> None:
        self._folder = folder / f"attempt-{config['attempt']}"
        self._message = self._folder / "termination-log"
        self._folder.mkdir(parents=True)
        path = self._folder / "run.json"
        path.write_text(json.dumps(config))
        options = ["--config", str(path), "--work", str(self._folder / "work"), "--port", "0"]
        command = [sys.executable, "-m", "darkroom_trainer", config["command"], *options]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
        self._started = time.monotonic()
        (self._folder / "work").mkdir()
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--termination-log", str(self._message)], stdout=log, stderr=log, env=environment
            )

    def wait_until(self, what: str, holds: Callable[[], bool], seconds: float) -> None:
        """Wait while the process works until something holds; raises TimeoutError with its last words."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end or self._process.poll() is not None:
                raise TimeoutError(
                    f"{what}: not before the end of {seconds:.0f} s or of the process:\n{self.log[-2000:]}"
                )
            time.sleep(0.1)

    def wait(self, seconds: float) -> Ended:
        """Wait for the end; raises TimeoutExpired, and ends the process then."""
        try:
            code = self._process.wait(seconds)
        finally:
            self.kill()
        outcome = report.parse_outcome(self._message.read_text())
        assert outcome is not None, self.log[-2000:]
        return Ended(code, outcome, time.monotonic() - self._started, self.log)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait(10)

    @property
    def log(self) -> str:
        """Return what it has printed so far."""
        return (self._folder / "log").read_text(errors="replace")
