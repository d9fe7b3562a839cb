"""One further process of this pod: its pipe and its exit code.

Owns the operating system's side of a process. Must not know training, nor import torch: the processes are started
before this one loads it.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing import Pipe
from typing import Final

from darkroom_trainer.parallel import orders
from darkroom_trainer.parallel.further_device import FurtherDevice

MODULE: Final = "darkroom_trainer.parallel"
LEAVE_SECONDS: Final = 3.0
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Member(FurtherDevice):
    """The process of device `rank`. It never sees SIGTERM or Ctrl-C: the first process decides when it ends."""

    def __init__(self, rank: int, local_devices: int = 1) -> None:
        super().__init__(rank, rank, local_devices)
        self._channel, theirs = Pipe()
        # A blocked signal stays blocked in a child, from before its first instruction on.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", MODULE, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()

    @property
    def process_id(self) -> int:
        """Return the number that the kernel knows the process by."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Return the exit code, the signal's number below 0 for a killed process, None while it runs."""
        return self._process.poll()

    def tell(self, order: object) -> None:
        """Send an order; raises OSError where the process is gone."""
        self._channel.send(order)

    def pass_on(self, pickled: bytes) -> None:
        """Send an order as another process has pickled it; raises OSError where the process is gone."""
        self._channel.send_bytes(pickled)

    def give_up(self, why: str) -> None:
        """Do nothing: without a process of its own pod a run does not go on."""

    def hang_up(self) -> None:
        """Close the pipe: the process ends at once."""
        self._channel.close()

    def wait(self) -> None:
        """Wait until the process is gone; what does not go is killed."""
        try:
            self._process.wait(LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _take_next(self, wait_seconds: float) -> orders.Answer | None:
        try:
            answer: orders.Answer | None = self._channel.recv() if self._channel.poll(wait_seconds) else None
        except (EOFError, OSError):
            return None
        return answer


@contextlib.contextmanager
def start_members(devices: int) -> Iterator[list[Member]]:
    """Start the processes of this pod's further devices, each of which loads its code at once; in the end none is left.

    `devices` are those of the pod, the first among them.
    """
    with contextlib.ExitStack() as held:
        members = []
        for rank in range(1, devices):
            members.append(Member(rank, devices))
            held.callback(members[-1].wait)
            held.callback(members[-1].hang_up)
        yield members
