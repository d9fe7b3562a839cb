"""A pod of a run that is not the first: it starts a process for each of its devices and passes orders and answers on.

Owns its end: with the channel to the first pod, however that closes, and not with SIGTERM, since the first pod may
still ask where its trials stand. Must not read storage, report or import torch.
"""

import contextlib
import dataclasses
import logging
import pathlib
import pickle
import tempfile
import threading
import time
from typing import Final

from darkroom_api import endings, run_config
from darkroom_trainer.parallel import member, orders
from darkroom_trainer.parallel.nodes import answers, channel, versions

LOG = logging.getLogger(__name__)

RETRY_SECONDS: Final = 1.0
POLL_SECONDS: Final = 0.2
PAUSE_SECONDS: Final = 0.01
REFUSED: Final = 1
"""Exit code of a pod that has no part in the run."""


class NotTakenIn(Exception):
    """The first pod does not take this one in, and says why; `is_late` where the run has begun without it."""

    def __init__(self, why: str, *, is_late: bool) -> None:
        super().__init__(why)
        self.is_late = is_late


def work(config: run_config.RunConfig, index: int, folder: pathlib.Path, stop: threading.Event) -> int:
    """Follow the first pod's orders until it closes the channel; returns the exit code."""
    assert config.nodes is not None, "a pod with an index is one of several"
    if config.publish_only:
        LOG.info("node %d is not needed to publish", index)
        return endings.ExitCode.SUCCEEDED
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="node-", dir=folder, ignore_cleanup_errors=True) as scratch:
        try:
            link = _join(config.nodes, index, config.devices, pathlib.Path(scratch), stop)
        except NotTakenIn as refusal:
            LOG.log(logging.INFO if refusal.is_late else logging.ERROR, "not taken in: %s", refusal)
            return endings.ExitCode.SUCCEEDED if refusal.is_late else REFUSED
        if link is None:
            return endings.ExitCode.STOPPED if stop.is_set() else endings.ExitCode.NODES_MISSING
        LOG.info("node %d has joined with %d devices", index, config.devices)
        node = _Node(link, pathlib.Path(scratch), config.devices)
        try:
            node.follow(stop)
        finally:
            node.end_all()
    LOG.info("node %d ends: %s", index, link.closed_why)
    return endings.ExitCode.SUCCEEDED


def _join(
    order: run_config.NodesOrder, index: int, devices: int, folder: pathlib.Path, stop: threading.Event
) -> channel.Channel | None:
    """Return the channel to the first pod, None where it did not come in time; raises NotTakenIn."""
    loop, deadline = channel.Loop(), time.monotonic() + order.join_seconds
    error: Exception | None = None
    while time.monotonic() < deadline and not stop.is_set():
        try:
            return loop.run(_greet(loop, order, index, devices, folder), 2 * channel.GREETING_SECONDS)
        except (OSError, EOFError, channel.BadFrame) as failure:
            if repr(failure) != repr(error):
                LOG.info("node 0 (%s) does not answer yet: %s", order.address, failure)
            error = failure
        stop.wait(RETRY_SECONDS)
    LOG.error("node 0 (%s) was waited for in vain, at most %.0f s: %s", order.address, order.join_seconds, error)
    return None


async def _greet(
    loop: channel.Loop, order: run_config.NodesOrder, index: int, devices: int, folder: pathlib.Path
) -> channel.Channel:
    context = channel.open_context(pathlib.Path(order.credentials_dir), is_server=False)
    streams = await channel.connect(order.address, order.port, context)
    link = channel.Channel(loop, streams, folder, channel.MOST_ORDER_BYTES)
    await link.write("hello", index=index, devices=devices, version=versions.describe_version())
    answer = await link.read_frame()
    if answer.kind == "refused":
        link.shut("refused")
        raise NotTakenIn(answer.read_text("why"), is_late=bool(answer.fields.get("is_late")))
    link.serve()
    return link


class _Node:
    """The processes of this pod, by the numbers that the first pod gave them."""

    def __init__(self, link: channel.Channel, folder: pathlib.Path, devices: int) -> None:
        self._link = link
        self._folder = folder
        self._devices = devices
        self._processes: dict[int, member.Member] = {}

    def follow(self, stop: threading.Event) -> None:
        """Do what the first pod says until the channel closes."""
        has_told = False
        while not self._link.closed_why:
            if stop.is_set() and not has_told:
                has_told = True
                LOG.warning("told to end: the first node knows, and closes the channel once it can")
                with contextlib.suppress(OSError):
                    self._link.send("leaving")
            frame = self._link.take(POLL_SECONDS)
            if frame is not None:
                try:
                    self._obey(frame)
                except OSError as error:  # of a process that has ended, which is told by itself
                    LOG.info("%s: %s", frame.kind, error)

    def end_all(self) -> None:
        """End all processes."""
        for process in list(self._processes):
            self._end(process)

    def _obey(self, frame: channel.Frame) -> None:
        process = frame.read_number("process")
        if frame.kind == "start":
            self._start(process, frame.read_number("device"))
        elif frame.kind == "end":
            self._end(process)
        elif process in self._processes:
            pickled = self._localize(process, frame.body) if frame.kind == "assignment" else frame.body
            self._processes[process].pass_on(pickled)

    def _start(self, process: int, device: int) -> None:
        started = self._processes[process] = member.Member(device, self._devices)
        relay = threading.Thread(target=self._relay, args=(process, started), name=f"relay-{process}", daemon=True)
        relay.start()

    def _end(self, process: int) -> None:
        ended = self._processes.pop(process, None)
        if ended is not None:
            ended.hang_up()
            ended.wait()

    def _localize(self, process: int, pickled: bytes) -> bytes:
        """Return an assignment whose files are those of this pod."""
        order: orders.Assignment = pickle.loads(pickled)
        own = self._folder / str(process)
        own.mkdir(exist_ok=True)
        return pickle.dumps(
            dataclasses.replace(
                order,
                state_file=self._folder / order.state_file,
                images_file=self._folder / order.images_file,
                folder=own,
            )
        )

    def _relay(self, process: int, started: member.Member) -> None:
        """Pass on what a process answers until it has ended, and that it has."""
        try:
            while not started.has_ended:
                self._tell(process, started.take_answer(POLL_SECONDS))
                time.sleep(PAUSE_SECONDS)  # a pipe that was closed is no wait
            while (answer := started.take_answer(0.0)) is not None:
                self._tell(process, answer)
            self._tell(process, started.failure)
            started.wait()
            if process in self._processes:
                self._link.send("ended", process=process, exit_code=started.exit_code)
        except OSError as error:
            LOG.debug("nobody hears of process %d: %s", process, error)

    def _tell(self, process: int, answer: orders.Answer | None) -> None:
        if answer is None:
            return
        file_name = ""
        if isinstance(answer, orders.Standing):
            file_name = f"{process}-{answer.file.name}"
            self._link.send_file(file_name, answer.file)
        kind, told = answers.write_answer(answer, file_name)
        self._link.send("answer", told, process=process, answer=kind)
