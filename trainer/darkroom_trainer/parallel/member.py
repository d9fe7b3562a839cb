"""One further process of a run: its pipe, its exit code, and why it ended.

Owns the operating system's side of a process. Must not know training.
"""

import collections
import os
import signal
import subprocess
import sys
from multiprocessing import Pipe
from typing import Final

from darkroom_trainer.parallel import orders

MODULE: Final = "darkroom_trainer.parallel"
LEAVE_SECONDS: Final = 3.0
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Member:
    """The process of device `rank`. It never sees SIGTERM or Ctrl-C: the first process decides when it ends."""

    def __init__(self, rank: int) -> None:
        self.rank = rank
        self.failure: orders.Failure | None = None
        self._answers: collections.deque[object] = collections.deque()
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

    def is_ready(self, wait_seconds: float) -> bool:
        """Return whether the process has taken its assignment, waiting no longer than this for the answer."""
        return isinstance(self._take_answer(wait_seconds), orders.Ready)

    def take_standing(self, wait_seconds: float) -> orders.Standing | None:
        """Return where the trial of the process stands, None where it does not answer within this time."""
        answer = self._take_answer(wait_seconds)
        return answer if isinstance(answer, orders.Standing) else None

    @property
    def has_ended(self) -> bool:
        """Return whether the process has ended or says that it fails."""
        self._receive(0.0)
        return self.failure is not None or self.exit_code is not None

    @property
    def is_killed(self) -> bool:
        """Return whether it was killed as the kernel does when memory runs out."""
        return self.exit_code == -signal.SIGKILL

    def describe_end(self) -> str:
        """Return how the process ended, in words."""
        code = self.exit_code
        if self.failure is not None:
            return f"the process of device {self.rank} failed: {self.failure.message}"
        if code is None:
            return f"the process of device {self.rank} does not answer"
        name = f" ({signal.Signals(-code).name})" if code < 0 else ""
        return f"the process of device {self.rank} ended with exit code {code}{name}"

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

    def _take_answer(self, wait_seconds: float) -> object:
        if not self._answers:
            self._receive(wait_seconds)
        return self._answers.popleft() if self._answers else None

    def _receive(self, wait_seconds: float) -> None:
        """Keep what comes next within this time: who asks whether the process has ended must not lose an answer."""
        try:
            if not self._channel.poll(wait_seconds):
                return
            answer = self._channel.recv()
        except (EOFError, OSError):
            return
        if isinstance(answer, orders.Failure):
            self.failure = answer
        else:
            self._answers.append(answer)
