"""Another pod as the first process sees it: what it is sent, and what loses it."""

import pathlib
import time
from typing import Any, cast

import pytest

from darkroom_trainer.parallel import member, orders
from darkroom_trainer.parallel.nodes import channel, far_node


class Link:
    """A channel that keeps what it is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.files: list[str] = []
        self.closed_why = ""
        self.heard_at = time.monotonic()
        self.handle: Any = None
        self.folder = pathlib.Path()

    def send(self, kind: str, _body: bytes = b"", **fields: Any) -> None:
        """Keep it."""
        if self.closed_why:
            raise BrokenPipeError(self.closed_why)
        self.sent.append((kind, fields))

    def send_file(self, name: str, path: pathlib.Path) -> None:
        """Keep its name."""
        assert path.exists()
        self.files.append(name)

    def close(self, why: str) -> None:
        """Close it."""
        self.closed_why = self.closed_why or why


@pytest.fixture
def link() -> Link:
    return Link()


@pytest.fixture
def node(link: Link) -> far_node.FarNode:
    return far_node.FarNode(3, 2, cast(channel.Channel, link))


def test_each_of_its_devices_gets_a_process_of_its_own_at_each_start(node: far_node.FarNode, link: Link) -> None:
    first, second = node.start(4), node.start(4)
    assert [(one.rank, one.local_rank, one.local_devices) for one in first] == [(4, 0, 2), (5, 1, 2)]
    assert len({one.process for one in first + second}) == 4
    assert [kind for kind, _ in link.sent] == ["start"] * 4


def test_a_file_is_sent_once_and_dropped_once_nobody_has_it(
    node: far_node.FarNode, link: Link, tmp_path: pathlib.Path
) -> None:
    images, state = tmp_path / "images.npy", tmp_path / "state.safetensors"
    images.write_bytes(b"pictures")
    state.write_bytes(b"first")
    before = node.lend(0, [state, images])
    assert node.lend(1, [state, images]) == before
    assert link.files == before, "once, though two devices have them"
    state.write_bytes(b"second")
    after = node.lend(0, [state, images])
    assert (after[1], link.sent) == (before[1], [])
    node.lend(1, [state, images])
    assert link.sent == [("drop", {"name": before[0]})]
    assert link.files == [*before, after[0]]


def test_what_devices_answer_comes_to_those_of_that_process(node: far_node.FarNode, link: Link) -> None:
    one, other = node.start(1)
    link.handle(channel.Frame("answer", {"process": other.process, "answer": "Ready"}, b"{}"))
    assert not one.is_ready(0.0)
    assert other.is_ready(1.0)
    assert not other.has_ended


def test_a_device_that_says_why_it_fails_costs_no_node_and_a_killed_one_does(
    node: far_node.FarNode, link: Link
) -> None:
    one, other = node.start(1)
    failure = b'{"message": "CUDA out of memory", "is_out_of_memory": true}'
    link.handle(channel.Frame("answer", {"process": one.process, "answer": "Failure"}, failure))
    link.handle(channel.Frame("ended", {"process": one.process, "exit_code": 1}))
    assert (one.has_ended, one.is_gone, other.has_ended) == (True, False, False)
    assert one.failure == orders.Failure("CUDA out of memory", is_out_of_memory=True)
    link.handle(channel.Frame("ended", {"process": other.process, "exit_code": -9}))
    assert node.lost_why == "its device 1 ended with exit code -9 (SIGKILL)"
    assert (one.is_gone, other.exit_code) == (True, 1)
    with pytest.raises(OSError, match="SIGKILL"):
        node.send("order")


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        pytest.param(channel.Frame("answer", {"process": 10**9}), "no process of that number", id="nobody's"),
        pytest.param(channel.Frame("answer", {}), "process is no whole number", id="of nobody"),
        pytest.param(channel.Frame("start", {}), "process is no whole number", id="an order"),
    ],
)
def test_what_a_pod_must_not_say_is_refused(node: far_node.FarNode, link: Link, frame: channel.Frame, why: str) -> None:
    node.start(1)
    with pytest.raises(channel.BadFrame, match=why):
        link.handle(frame)


def test_a_process_must_tell_its_end_in_numbers_and_nothing_else(node: far_node.FarNode, link: Link) -> None:
    one, _ = node.start(1)
    for kind, why in (("ended", "no exit code"), ("order", "a frame of the kind 'order'")):
        with pytest.raises(channel.BadFrame, match=why):
            link.handle(channel.Frame(kind, {"process": one.process}))


def test_one_that_is_told_to_leave_takes_part_until_it_is_let_go(node: far_node.FarNode, link: Link) -> None:
    link.handle(channel.Frame("leaving"))
    assert (node.is_leaving, node.lost_why) == (True, "")
    node.dismiss()
    assert node.lost_why == "dismissed"


def test_its_own_devices_are_known_among_all(node: far_node.FarNode) -> None:
    class Near(member.Member):
        def __init__(self) -> None:
            """Start nothing."""

    assert node.count_own([Near(), *node.start(1)]) == 2
