"""Ctrl-C and SIGTERM for a run on this machine: the first asks, the second insists.

Must not do: know what is running.
"""

import signal
import threading
import types
from typing import Any, Final, Self

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """While entered, a signal sets `stop` where `patient` is true, else (or the second time) it is a KeyboardInterrupt.

    Works in the main thread only; elsewhere the signals are left alone.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.patient = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _handle(self, _number: int, _frame: types.FrameType | None) -> None:
        asked_before = self.stop.is_set()
        self.stop.set()
        if asked_before or not self.patient:
            raise KeyboardInterrupt
