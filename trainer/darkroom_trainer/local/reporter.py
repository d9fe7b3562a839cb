"""The reporter of a run on this machine: shows progress and keeps it in the status. Must not do: decide anything."""

import time
from typing import Final

from darkroom_api.v1alpha1.run_status import ProgressStatus
from darkroom_trainer.local import status as statuses
from darkroom_trainer.local.board import BoardEntry, Resources
from darkroom_trainer.local.display import Display
from darkroom_trainer.runtime.reporting import JoinedNodes

_SAVE_PROGRESS_EVERY_SECONDS: Final = 10.0


class StatusReporter:
    """Shows progress, and keeps it in the status as often as an operator would."""

    def __init__(self, resources: Resources, entry: BoardEntry, display: Display) -> None:
        self._resources = resources
        self._entry = entry
        self._display = display
        self._saved = time.monotonic()

    def update(
        self,
        *,
        percent: int,
        stage: str,
        trial: int | None = None,
        eta_seconds: int | None = None,
        charged_seconds: float | None = None,
        nodes: JoinedNodes | None = None,  # noqa: ARG002
    ) -> None:
        """Take the newest progress."""
        self._display.show_progress(self._entry.shown, percent, stage, eta_seconds)
        shown = ProgressStatus(percent=percent, stage=stage[:64], trial=trial, eta_seconds=eta_seconds)
        self._entry.status = statuses.progress(self._entry.status, shown, charged_seconds)
        if time.monotonic() - self._saved >= _SAVE_PROGRESS_EVERY_SECONDS:
            self._saved = time.monotonic()
            self._resources.keep(self._entry)
