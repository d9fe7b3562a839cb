"""How the first pod of a run takes the others in, before anything is charged, and which of them take part.

Owns who is let in, how long is waited, and that the meter counts the devices that take part. Must not know training.
"""

import asyncio
import contextlib
import logging
import pathlib
import tempfile
import time
from collections.abc import Collection, Iterator
from typing import Final

from darkroom_api import conditions, run_config
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.parallel import further_device
from darkroom_trainer.parallel.nodes import channel, far_node, versions
from darkroom_trainer.runtime import errors, reporting

LOG = logging.getLogger(__name__)

SPARE_SECONDS: Final = 30.0
"""How long the others are waited for once there are enough to begin."""
POLL_SECONDS: Final = 0.2
STAGE: Final = "Waiting for nodes ({joined} of {count})"


class Nodes:
    """The other pods that take part."""

    def __init__(self, order: run_config.NodesOrder, nodes: list[far_node.FarNode], meter: Meter) -> None:
        self.address = order.address
        self.nodes = nodes
        self._meter = meter

    @property
    def devices(self) -> int:
        """Return how many devices the other pods have."""
        return sum(one.devices for one in self.nodes)

    @property
    def joined(self) -> reporting.JoinedNodes:
        """Return how many pods take part, this one among them."""
        return reporting.JoinedNodes(1 + sum(not one.lost_why for one in self.nodes))

    def read_clock(self) -> float:
        """Return the time on the meter's clock."""
        return self._meter.read_clock()

    def take_part(self) -> None:
        """Have the meter count their devices from now on."""
        self._meter.join(self.devices)

    def give_up_leaving(self) -> None:
        """Let those go that were told to end: between two steps nothing is lost with them."""
        for one in self.nodes:
            if one.is_leaving:
                one.lose("it was told to end")

    def has_lost(self) -> bool:
        """Return whether one of them is lost."""
        return any(one.lost_why for one in self.nodes)

    def drop_lost(self, since: float, at_work: Collection[further_device.FurtherDevice]) -> list[str]:
        """Leave out those that are lost; returns how, one by one.

        Devices `at_work` lose what they did since that time on the meter's clock, and are not charged for it; others
        are not charged since their pod was last heard.
        """
        lost = [one for one in self.nodes if one.lost_why]
        for node in lost:
            self.nodes.remove(node)
            workers = node.count_own(at_work)
            heard_at = self._meter.read_clock() - node.silent_seconds
            self._meter.leave(workers, since)
            self._meter.leave(node.devices - workers, heard_at)
            node.dismiss()
            LOG.warning("node %d is lost: %s", node.index, node.lost_why)
        return [f"node {one.index} is lost: {one.lost_why}" for one in lost]

    def dismiss(self) -> None:
        """Have all end: what follows is this pod's alone, and charged so."""
        self._meter.leave(self.devices)
        for node in self.nodes:
            node.dismiss()
        self.nodes = []


@contextlib.contextmanager
def gather_nodes(
    config: run_config.RunConfig, work: pathlib.Path, reporter: reporting.Reporter, meter: Meter
) -> Iterator[Nodes | None]:
    """Take the other pods in, and let them go in the end; None for a run that has no others.

    Raises RunError(WaitingForNodes) where too few come in time, InvalidConfiguration where the certificate cannot be
    read, and what the reporter raises.
    """
    order = config.nodes
    if order is None or config.publish_only:
        yield None
        return
    with contextlib.ExitStack() as held:
        folder = held.enter_context(tempfile.TemporaryDirectory(prefix="nodes-", dir=work, ignore_cleanup_errors=True))
        loop = channel.Loop()
        held.callback(loop.close)
        door = _Door(order, config.devices, loop, pathlib.Path(folder))
        held.callback(door.close)
        _wait(door, order, reporter)
        nodes = Nodes(order, door.shut(), meter)
        held.callback(nodes.dismiss)
        yield nodes


def _wait(door: "_Door", order: run_config.NodesOrder, reporter: reporting.Reporter) -> None:
    began_at = enough_at = time.monotonic()
    while True:
        joined, now = door.count, time.monotonic()
        reporter.update(
            percent=0,
            stage=STAGE.format(joined=joined, count=order.count),
            nodes=reporting.JoinedNodes(joined, is_waiting=joined < order.least),
        )
        enough_at = enough_at if joined >= order.least else now
        is_over = now - began_at > order.join_seconds or now - enough_at > SPARE_SECONDS
        if joined == order.count or is_over:
            break
        time.sleep(POLL_SECONDS)
    if joined < order.least:
        message = (
            f"{joined} of {order.count} nodes joined within {order.join_seconds:.0f} s, and the training begins with "
            f"at least {order.least}; nothing was charged"
        )
        raise errors.RunError(conditions.Reason.WAITING_FOR_NODES, message)
    LOG.info("%d of %d nodes take part", joined, order.count)


class _Door:
    """Where the other pods come in: who shows the run's certificate, has a place in it and is the same program."""

    def __init__(self, order: run_config.NodesOrder, devices: int, loop: channel.Loop, folder: pathlib.Path) -> None:
        self._order = order
        self._devices = devices
        self._loop = loop
        self._folder = folder
        self._joined: dict[int, far_node.FarNode] = {}
        self._is_shut = False
        try:
            context = channel.open_context(pathlib.Path(order.credentials_dir), is_server=True)
            self._server = channel.listen(loop, order.port, context, self._accept)
        except OSError as error:
            message = f"the other nodes cannot be taken in: {error.strerror or error} ({order.credentials_dir})"
            raise errors.RunError(conditions.Reason.INVALID_CONFIGURATION, message) from error

    @property
    def count(self) -> int:
        """Return how many pods are there, this one among them."""
        return 1 + sum(not one.lost_why for one in list(self._joined.values()))

    def shut(self) -> list[far_node.FarNode]:
        """Let nobody in any more; returns who is there, in the order of their numbers."""

        async def shut() -> list[far_node.FarNode]:  # in the loop's thread: nobody comes in meanwhile
            self._is_shut = True
            return [one for _, one in sorted(self._joined.items()) if not one.lost_why]

        return self._loop.run(shut())

    def close(self) -> None:
        """Stop listening."""

        async def stop() -> None:
            self._server.close()

        self._loop.run(stop())

    async def _accept(self, streams: channel.Streams) -> None:
        link = channel.Channel(self._loop, streams, self._folder)
        try:
            hello = await asyncio.wait_for(link.read_frame(), channel.GREETING_SECONDS)
            refusal = self._find_refusal(hello)
            if refusal:
                LOG.warning("a node is refused: %s", refusal)
                await link.write("refused", why=refusal, is_late=self._is_shut)
                link.shut("refused")
                return
            index = hello.read_number("index")
            link.folder = self._folder / str(index)
            link.folder.mkdir(exist_ok=True)
            self._joined[index] = far_node.FarNode(index, self._devices, link)
            await link.write("welcome")
            link.serve()
            LOG.info("node %d joins", index)
        except (TimeoutError, channel.BadFrame, EOFError, OSError) as error:
            LOG.warning("a connection is no node's: %s", error)
            link.shut("no node")

    def _find_refusal(self, hello: channel.Frame) -> str:
        """Return why a pod cannot take part, in words for its log; raises BadFrame."""
        index, devices, version = hello.read_number("index"), hello.read_number("devices"), hello.read_text("version")
        if hello.kind != "hello":
            raise channel.BadFrame(f"a frame of the kind {hello.kind!r}")
        if self._is_shut:
            return f"node {index} is late: the training has begun with {self.count} of {self._order.count} nodes"
        if version != versions.describe_version():
            return f"node {index} is another program ({version}) than node 0 ({versions.describe_version()})"
        if devices != self._devices:
            return f"node {index} has {devices} devices, and node 0 has {self._devices}"
        if not 0 < index < self._order.count:
            return f"node {index} has no place among {self._order.count} nodes"
        if index in self._joined and not self._joined[index].lost_why:
            return f"node {index} has joined already"
        return ""
