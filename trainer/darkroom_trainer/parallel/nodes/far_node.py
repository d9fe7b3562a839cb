"""Another pod of a run, as the first process sees it: its channel, its processes, and which files it has.

Owns when the pod is lost: its channel ends, it answers wrongly, or one of its processes was killed. Must not decide
what follows from that.
"""

import functools
import hashlib
import itertools
import logging
import pathlib
import time
from collections.abc import Collection
from typing import Any, Final

from darkroom_trainer.parallel import further_device
from darkroom_trainer.parallel.nodes import answers, channel, far_member

LOG = logging.getLogger(__name__)

_processes: Final = itertools.count(1)
"""Numbers for processes, none of which is used twice: an answer of one that was ended belongs to nobody."""


class FarNode:
    """Pod `index` of the run, with so many devices."""

    def __init__(self, index: int, devices: int, link: channel.Channel) -> None:
        self.index = index
        self.devices = devices
        self.is_leaving = False
        """Whether it was told to end: what it works on may still come, and nothing new is given to it."""
        self._link = link
        self._given_up_why = ""
        self._members: dict[int, far_member.FarMember] = {}
        self._lent: dict[int, list[str]] = {}
        link.handle = self._take

    @property
    def lost_why(self) -> str:
        """Return why the pod is lost; empty while it takes part."""
        return self._given_up_why or self._link.closed_why

    @property
    def silent_seconds(self) -> float:
        """Return for how long nothing was heard of it."""
        return time.monotonic() - self._link.heard_at

    def start(self, first_rank: int) -> list[far_member.FarMember]:
        """Return its devices, from this rank on, each with a new process that imports torch."""
        started = []
        for local_rank in range(self.devices):
            process = next(_processes)
            member = far_member.FarMember(first_rank + local_rank, local_rank, self.devices, self, process)
            self._members[process] = member
            started.append(member)
            try:
                self.send("start", process=process, device=local_rank)
            except OSError as error:
                self.lose(str(error))
        return started

    def send(self, kind: str, body: bytes = b"", **fields: Any) -> None:
        """Send a frame; raises OSError where the pod is lost."""
        if self.lost_why:
            raise BrokenPipeError(self.lost_why)
        self._link.send(kind, body, **fields)

    def lend(self, local_rank: int, files: list[pathlib.Path]) -> list[str]:
        """Have these files there for a device, in place of those it had, and return their names there.

        A file that is there already, for whichever device, is not sent again. Raises OSError where the pod is lost.
        """
        had = {name for lent in self._lent.values() for name in lent}
        lent = [_name_by_content(file, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        for name, file in zip(lent, files, strict=True):
            if name not in had:
                if self.lost_why:
                    raise BrokenPipeError(self.lost_why)
                self._link.send_file(name, file)
        self._lent[local_rank] = lent
        for name in had - {name for lent in self._lent.values() for name in lent}:
            self.send(channel.DROP, name=name)
        return lent

    def lose(self, why: str) -> None:
        """Go on without the pod."""
        self._given_up_why = self.lost_why or why

    def count_own(self, devices: Collection[further_device.FurtherDevice]) -> int:
        """Return how many of these devices are of this pod."""
        return sum(isinstance(one, far_member.FarMember) and one.pod is self for one in devices)

    def dismiss(self) -> None:
        """Have the pod end: it is needed no more, or lost."""
        self._link.close("dismissed")

    def _take(self, frame: channel.Frame) -> None:
        """Take in what the pod says, in the loop's thread; raises BadFrame for what it must not say."""
        if frame.kind == "leaving":
            self.is_leaving = True
            LOG.info("node %d is told to leave", self.index)
            return
        member = self._members.get(frame.read_number("process"))
        if member is None:
            raise channel.BadFrame(f"{frame.kind}: no process of that number")
        if frame.kind == "answer":
            member.take_in(answers.read_answer(frame.read_text("answer"), frame.body, self._link.folder))
        elif frame.kind == "ended":
            self._note_end(member, frame)
        else:
            raise channel.BadFrame(f"a frame of the kind {frame.kind!r}")

    def _note_end(self, member: far_member.FarMember, frame: channel.Frame) -> None:
        """Take over that a process ended; one that was killed, which tells no reason, takes its pod with it."""
        code = frame.fields.get("exit_code")
        if not isinstance(code, int):
            raise channel.BadFrame("ended: no exit code")
        member.note_end(code)
        if not member.says_why:
            self.lose(f"its device {member.local_rank} ended with {further_device.describe_code(code)}")


@functools.lru_cache(maxsize=64)
def _name_by_content(file: pathlib.Path, _size_bytes: int, _changed_ns: int) -> str:
    """Return a name that stands for what is in a file of that size and age."""
    with file.open("rb") as opened:
        return f"{hashlib.file_digest(opened, 'sha256').hexdigest()}{file.suffix}"
