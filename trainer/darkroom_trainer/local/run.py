"""`darkroom run`: the resources of manifests, run in dependency order in this process.

Owns the order and how an interruption ends. What each status says is in `status`, what each run is told in `planning`
and `config`, what is kept in `board`.
"""

import pathlib
import platform
import tempfile
import time
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.run_config import Command, RunConfig
from darkroom_trainer.local import planning, status as statuses
from darkroom_trainer.local.board import Board, BoardEntry, read_clock
from darkroom_trainer.local.display import Display
from darkroom_trainer.local.interruption import Interruption
from darkroom_trainer.local.reporter import BoardReporter

EXIT_SUCCEEDED: Final = 0
EXIT_FAILED: Final = 1
EXIT_INTERRUPTED: Final = 130


def run_board(board: Board, display: Display) -> int:
    """Run every resource and return the exit code: 0 only where all are Ready or Succeeded, 130 on Ctrl-C."""
    board.write()
    with Interruption() as interruption, tempfile.TemporaryDirectory(prefix="darkroom-") as work:
        run = _Run(board, display, interruption, pathlib.Path(work))
        for entry in board.entries:
            try:
                run.run(entry)
            except KeyboardInterrupt:
                run.note(entry, statuses.interrupt(entry.status, read_clock()))
                return EXIT_INTERRUPTED
    done_well = all(statuses.is_done_well(entry.status) for entry in board.entries)
    return EXIT_SUCCEEDED if done_well else EXIT_FAILED


class _Run:
    """What the resources of one run share."""

    def __init__(self, board: Board, display: Display, interruption: Interruption, work: pathlib.Path) -> None:
        self._board = board
        self._display = display
        self._interruption = interruption
        self._work = work

    def run(self, entry: BoardEntry) -> None:
        """Run `entry` to its end, or note why it cannot; raises KeyboardInterrupt when its user wants to stop."""
        planned = planning.plan(self._board, entry, read_clock())
        if isinstance(planned, RunConfig):
            self._execute(entry, planned)
        else:
            self.note(entry, planned)

    def note(self, entry: BoardEntry, status: statuses.Status) -> None:
        """Take a new status: kept first, then shown."""
        entry.status = status
        self._board.write()
        self._display.end_progress()
        self._display.say(f"{entry.shown}  {status.phase}  {status.reason}: {status.message}")

    def _execute(self, entry: BoardEntry, config: RunConfig) -> None:
        from darkroom_trainer.commands import engine  # checks and tables should not wait for its imports

        now = read_clock()
        self.note(entry, statuses.begin(entry.status, entry.manifest, entry.target.uid, platform.node(), now))
        work = self._work / entry.manifest.kind.name / f"{entry.manifest.namespace}.{entry.manifest.name}"
        work.mkdir(parents=True)
        began = time.monotonic()
        reporter = BoardReporter(self._board, entry, self._display)
        # A training may write its checkpoint after the first Ctrl-C; everything else just stops.
        self._interruption.patient = config.command is Command.TRAIN
        try:
            outcome = engine.execute(config, work, reporter, self._interruption.stop)
        finally:
            self._interruption.patient = False
        status = statuses.finish(entry.status, outcome, time.monotonic() - began, read_clock())
        if outcome.reason is Reason.RETRYING_AFTER_DISRUPTION:
            entry.status = statuses.keep_meters(entry.status, status)
            raise KeyboardInterrupt
        self.note(entry, status)
