"""`darkroom run`: the resources of manifests, run in dependency order in this process.

Owns the order and how an interruption ends. What each status says is in `status`, what each run is told in `planning`
and `config`, what is kept in `board`.
"""

import pathlib
import tempfile
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.run_config import Command, RunConfig
from darkroom_trainer.local import status as statuses
from darkroom_trainer.local.board import Board, BoardEntry, read_clock
from darkroom_trainer.local.decide import planning
from darkroom_trainer.local.display import Display
from darkroom_trainer.local.execution import Execution
from darkroom_trainer.local.interruption import Interruption

EXIT_SUCCEEDED: Final = 0
EXIT_FAILED: Final = 1
EXIT_INTERRUPTED: Final = 130
_INTERRUPTED: Final = "The run was interrupted on this machine; start `darkroom run` again."


def run_board(board: Board, display: Display) -> int:
    """Run every resource and return the exit code: 0 only where all are Ready or Succeeded, 130 on Ctrl-C."""
    board.write()
    with Interruption() as interruption, tempfile.TemporaryDirectory(prefix="darkroom-") as work:
        execution = Execution(board, display, pathlib.Path(work))
        for entry in board.entries:
            try:
                _run(board, entry, execution, interruption)
            except KeyboardInterrupt:
                execution.note(entry, statuses.interrupt(entry.status, _INTERRUPTED, read_clock()))
                return EXIT_INTERRUPTED
    done_well = all(statuses.is_done_well(entry.status) for entry in board.entries)
    return EXIT_SUCCEEDED if done_well else EXIT_FAILED


def _run(board: Board, entry: BoardEntry, execution: Execution, interruption: Interruption) -> None:
    """Run `entry` to its end, or note why it cannot; raises KeyboardInterrupt when its user wants to stop."""
    planned = planning.plan(board, entry, read_clock())
    if not isinstance(planned, RunConfig):
        execution.note(entry, planned)
        return
    # A training may write its checkpoint after the first Ctrl-C; everything else just stops.
    interruption.patient = planned.command is Command.TRAIN
    try:
        outcome = execution.execute(entry, planned, interruption.stop)
    finally:
        interruption.patient = False
    if outcome.reason is Reason.RETRYING_AFTER_DISRUPTION:
        raise KeyboardInterrupt
