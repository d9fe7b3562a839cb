"""`python -m darkroom_trainer.local.serving.server_worker FOLDER`: does what a local server was asked for, then ends.

Owns the process: one at a time for each folder, and how it ends. The server holds the other end of its standard input:
a line says that something changed, and its end that the server is no more. Must not do: decide what comes next.
"""

import argparse
import fcntl
import os
import pathlib
import shutil
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.endings import ExitCode
from darkroom_api.endpoints import list_endpoints
from darkroom_api.run_config import RunConfig
from darkroom_storage.state_folder import LOCK_FILE, WORK
from darkroom_trainer.local import status as statuses
from darkroom_trainer.local.board import BoardEntry, read_clock
from darkroom_trainer.local.display import LineDisplay
from darkroom_trainer.local.execution import Execution
from darkroom_trainer.local.serving.state_folder import StateFolder
from darkroom_trainer.local.serving.waiting import list_cancelled, list_steps
from darkroom_trainer.runtime.logs import setup_plain_logs

STOP_SECONDS: Final = 12.0
"""A run that has not ended by itself after this is cut short; its last checkpoint stands."""
_GOES_ON: Final = "The server was stopped during the run; it goes on from its last checkpoint when the server is back."
_CANCELLED: Final = "`spec.cancel` has stopped the run; the best model so far is being published."
_KILLED: Final = "The process that worked on it was killed; it goes on from its last checkpoint, else begins anew."


class Worker:
    """Works through a state folder; `stop_all` may be called from any thread."""

    def __init__(self, state: StateFolder, execution: Execution) -> None:
        self._state = state
        self._execution = execution
        self._ending = threading.Event()
        self._running: tuple[BoardEntry, threading.Event] | None = None

    def work(self) -> int:
        """Run what waits, oldest first, until nothing can run or the worker is stopped; return the exit code."""
        self._state.read()
        for entry in self._state.entries:
            if entry.status.attempts and entry.status.attempts[-1].finished_at is None:
                self._execution.note(entry, statuses.abandon(entry.status, _KILLED, read_clock()))
        while not self._ending.is_set() and self._take_steps():
            self._state.read()
        return int(ExitCode.STOPPED if self._ending.is_set() else ExitCode.SUCCEEDED)

    def _take_steps(self) -> bool:
        """Do what can be done now; return whether anything was."""
        any_done = False
        for step in list_steps(self._state, read_clock()):
            any_done = True
            if isinstance(step.planned, RunConfig):
                self._run(step.entry, step.planned)
            else:
                self._execution.note(step.entry, step.planned)
        return any_done

    def _run(self, entry: BoardEntry, config: RunConfig) -> None:
        if config.attempt == 1:
            self._state.begin(entry, config)
        stop = threading.Event()
        self._running = (entry, stop)
        if self._ending.is_set():
            return
        outcome = self._execution.execute(entry, config, stop)
        self._running = None
        if outcome.reason is Reason.RETRYING_AFTER_DISRUPTION:
            message = _GOES_ON if self._ending.is_set() else _CANCELLED
            self._execution.note(entry, statuses.interrupt(entry.status, message, read_clock()))

    def stop_all(self) -> None:
        """End soon: the run that works now keeps a checkpoint where it can."""
        self._ending.set()
        running = self._running
        if running is not None:
            self._stop(running[1])

    def stop_unwanted(self) -> None:
        """Stop the run that works now where it was cancelled or deleted meanwhile."""
        running = self._running
        if running is not None and not running[1].is_set() and not self._state.is_wanted(running[0]):
            self._stop(running[1])

    def _stop(self, stop: threading.Event) -> None:
        stop.set()
        cut = threading.Timer(STOP_SECONDS, self._cut_short, [stop])
        cut.daemon = True
        cut.start()

    def _cut_short(self, stop: threading.Event) -> None:
        running = self._running
        if running is not None and running[1] is stop:
            os._exit(ExitCode.STOPPED)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the worker of one folder; it waits for another one that is about to end."""
    parser = argparse.ArgumentParser(prog="python -m darkroom_trainer.local.serving.server_worker", description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--allow-url", action="append", default=[], metavar="PREFIX")
    parser.add_argument("--allow-folder", action="append", default=[], type=pathlib.Path, metavar="FOLDER")
    chosen = parser.parse_args(arguments)
    setup_plain_logs()
    with open(chosen.folder / LOCK_FILE, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        work = chosen.folder / WORK
        shutil.rmtree(work, ignore_errors=True)  # of a worker that was killed
        work.mkdir()
        return _work(chosen, work)


def _work(chosen: argparse.Namespace, work: pathlib.Path) -> int:
    def read_state() -> StateFolder:
        return StateFolder(chosen.folder, list_endpoints(chosen.allow_url), tuple(chosen.allow_folder))

    state, watched, display = read_state(), read_state(), LineDisplay(sys.stderr)
    worker = Worker(state, Execution(state, display, work))
    signal.signal(signal.SIGTERM, lambda _number, _frame: worker.stop_all())
    listening = [worker, watched, Execution(watched, display, work)]
    threading.Thread(target=_listen, args=listening, daemon=True).start()
    return worker.work()


def _listen(worker: Worker, watched: StateFolder, execution: Execution) -> None:
    """Look at what was cancelled or deleted whenever something changed; stop when the server is no more."""
    # Not through sys.stdin: the interpreter could not end while a thread waits for it there.
    while os.read(sys.stdin.fileno(), 4096):
        worker.stop_unwanted()
        watched.read()
        for step in list_cancelled(watched, read_clock()):
            assert not isinstance(step.planned, RunConfig)
            execution.note(step.entry, step.planned)
    worker.stop_all()


if __name__ == "__main__":
    sys.exit(main())
