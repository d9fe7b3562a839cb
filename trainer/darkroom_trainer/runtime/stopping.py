"""How a run ends on request: a stop event that is looked at wherever a run may pause.

Owns the exception of a stopped run. Must not handle signals: `__main__` does.
"""

import threading

from darkroom_trainer.runtime.reporting import JoinedNodes, Reporter


class RunStopped(Exception):
    """The run has to end before its work is done; what was worth keeping has been kept."""

    def __init__(self, message: str = "Stopped on request; what was worth keeping is in the last checkpoint.") -> None:
        super().__init__(message)


def stop_if_asked(stop: threading.Event | None) -> None:
    """Raise RunStopped once `stop` is set."""
    if stop is not None and stop.is_set():
        raise RunStopped


class StoppingReporter:
    """Passes progress on, and makes every report a place where a run can be stopped."""

    def __init__(self, inner: Reporter, stop: threading.Event | None) -> None:
        self._inner = inner
        self._stop = stop

    def update(
        self,
        *,
        percent: int,
        stage: str,
        trial: int | None = None,
        eta_seconds: int | None = None,
        charged_seconds: float | None = None,
        nodes: JoinedNodes | None = None,
    ) -> None:
        """Report, then raise RunStopped if a stop was asked for."""
        self._inner.update(
            percent=percent,
            stage=stage,
            trial=trial,
            eta_seconds=eta_seconds,
            charged_seconds=charged_seconds,
            nodes=nodes,
        )
        stop_if_asked(self._stop)
