"""A device of another pod, as the first process of a run sees it.

Owns what it is told and what it answers; `far_node` has the channel, and decides when the pod is lost.
"""

import dataclasses
import pathlib
import pickle
import queue
from typing import Final, Protocol

from darkroom_trainer.parallel import orders
from darkroom_trainer.parallel.further_device import FurtherDevice
from darkroom_trainer.parallel.nodes import answers

LOST_CODE: Final = 1
"""The exit code of a process whose pod is lost."""


class Pod(Protocol):
    """Where the device is."""

    @property
    def index(self) -> int:
        """Return its number, from 1."""

    @property
    def lost_why(self) -> str:
        """Return why it is lost; empty while it takes part."""

    def send(self, kind: str, body: bytes = b"", **fields: object) -> None:
        """Send a frame; raises OSError."""

    def lend(self, local_rank: int, files: list[pathlib.Path]) -> list[str]:
        """Have these files there for a device, in place of those it had, and return their names there."""

    def lose(self, why: str) -> None:
        """Go on without the pod."""


class FarMember(FurtherDevice):
    """Device `rank` of the run, in a process that its pod knows as number `process`."""

    def __init__(self, rank: int, local_rank: int, local_devices: int, pod: Pod, process: int) -> None:
        super().__init__(rank, local_rank, local_devices)
        self.pod = pod
        self.process = process
        self._told: queue.SimpleQueue[orders.Answer] = queue.SimpleQueue()
        self._exit_code: int | None = None
        self._form: answers.Form = {}
        self.says_why = False
        """Whether it told why it ends."""

    @property
    def exit_code(self) -> int | None:
        """Return the exit code that its pod told, another than 0 where the pod is lost, None while it runs."""
        return LOST_CODE if self.is_gone else self._exit_code

    @property
    def is_gone(self) -> bool:
        """Return whether its pod is lost."""
        return bool(self.pod.lost_why)

    def give_up(self, why: str) -> None:
        """Go on without its pod."""
        self.pod.lose(why)

    def describe_end(self) -> str:
        """Return how the process ended, in words."""
        where = f", which is number {self.local_rank} of node {self.pod.index}"
        return super().describe_end() + where + (f": {self.pod.lost_why}" if self.is_gone else "")

    def tell(self, order: object) -> None:
        """Send an order, with the files that it names; raises OSError where the pod is gone."""
        if isinstance(order, orders.Assignment):
            self._form = answers.read_form(order.state_file)
            state, images = self.pod.lend(self.local_rank, [order.state_file, order.images_file])
            order = dataclasses.replace(order, state_file=pathlib.Path(state), images_file=pathlib.Path(images))
            self.pod.send("assignment", pickle.dumps(order), process=self.process)
        else:
            self.pod.send("order", pickle.dumps(order), process=self.process)

    def take_in(self, answer: orders.Answer) -> None:
        """Keep what the process answered, until it is asked for; raises BadFrame for tensors of another network."""
        if isinstance(answer, orders.Standing):
            answers.check_form(answer, self._form)
        self.says_why = isinstance(answer, orders.Failure)
        self._told.put(answer)

    def note_end(self, exit_code: int) -> None:
        """Take over that the process has ended."""
        self._exit_code = exit_code

    def hang_up(self) -> None:
        """Have its pod end the process."""
        if not self.is_gone:
            try:
                self.pod.send("end", process=self.process)
            except OSError as error:
                self.pod.lose(str(error))

    def wait(self) -> None:
        """Its pod sees to it that the process is gone before it starts another."""

    def _take_next(self, wait_seconds: float) -> orders.Answer | None:
        try:
            return self._told.get(timeout=wait_seconds) if wait_seconds else self._told.get_nowait()
        except queue.Empty:
            return None
