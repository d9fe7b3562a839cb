"""A further device of a run as the first process sees it: what it answers, and whether it is lost.

Owns the order of its answers. Must not know where its process runs: that is `member`'s and `nodes.far_member`'s.
"""

import abc
import collections
import signal

from darkroom_trainer.parallel import orders


class FurtherDevice(abc.ABC):
    """Device `rank` of a run; `local_rank` of the `local_devices` of its pod."""

    def __init__(self, rank: int, local_rank: int, local_devices: int) -> None:
        self.rank = rank
        self.local_rank = local_rank
        self.local_devices = local_devices
        self.failure: orders.Failure | None = None
        self._answers: collections.deque[orders.Answer] = collections.deque()

    @property
    @abc.abstractmethod
    def exit_code(self) -> int | None:
        """Return the exit code, the signal's number below 0 for a killed process, None while it runs."""

    @abc.abstractmethod
    def tell(self, order: object) -> None:
        """Send an order; raises OSError where the process is gone."""

    @abc.abstractmethod
    def hang_up(self) -> None:
        """Have the process end at once."""

    @abc.abstractmethod
    def wait(self) -> None:
        """Wait until the process is gone, where that is known; what does not go is killed."""

    @abc.abstractmethod
    def _take_next(self, wait_seconds: float) -> orders.Answer | None:
        """Return what comes next within this time."""

    @property
    def is_gone(self) -> bool:
        """Return whether its pod is lost, without which the run goes on; never true of the first process' own."""
        return False

    @abc.abstractmethod
    def give_up(self, why: str) -> None:
        """Count its pod as lost, where that is not the first process' own."""

    def is_ready(self, wait_seconds: float) -> bool:
        """Return whether the process says that it is ready, waiting no longer than this for the answer."""
        return isinstance(self.take_answer(wait_seconds), orders.Ready)

    def take_standing(self, wait_seconds: float) -> orders.Standing | None:
        """Return where the trial of the process stands, None where it does not answer within this time."""
        answer = self.take_answer(wait_seconds)
        return answer if isinstance(answer, orders.Standing) else None

    def take_answer(self, wait_seconds: float) -> orders.Answer | None:
        """Return the next answer, None where there is none within this time."""
        if not self._answers:
            self._receive(wait_seconds)
        return self._answers.popleft() if self._answers else None

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
        return f"the process of device {self.rank} ended with {describe_code(code)}"

    def _receive(self, wait_seconds: float) -> None:
        """Keep what comes next within this time: who asks whether the process has ended must not lose an answer."""
        answer = self._take_next(wait_seconds)
        if isinstance(answer, orders.Failure):
            self.failure = answer
        elif answer is not None:
            self._answers.append(answer)


def describe_code(code: int) -> str:
    """Return a process' exit code in words, with the name of the signal that killed it."""
    name = f" ({signal.Signals(-code).name})" if code < 0 else ""
    return f"exit code {code}{name}"
