"""How the first pod takes the others in: who, for how long, and what is charged."""

import pathlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from darkroom_api import run_config
from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.budget.meter import Meter
from darkroom_trainer.parallel.nodes import channel, gathering, versions
from darkroom_trainer.runtime import errors, reporting, stopping
from tests.unit.trainer import tiny_runs
from tests.unit.trainer.parallel.nodes import pods

pytestmark = pytest.mark.timeout(60)


class Told:
    """A reporter that keeps the stages, each once, and may stop the run."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, reporting.JoinedNodes | None]] = []
        self.stop = threading.Event()

    def update(self, *, stage: str, nodes: reporting.JoinedNodes | None = None, **_others: object) -> None:
        """Keep the stage."""
        stopping.stop_if_asked(self.stop)
        if (stage, nodes) not in self.stages:
            self.stages.append((stage, nodes))


class Hand:
    """A clock moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def a_config(folder: pathlib.Path, order: run_config.NodesOrder, **changes: Any) -> run_config.RunConfig:
    file = folder / "train.json"
    return tiny_runs.a_config(
        run_config.Command.TRAIN, Task.CLASSIFIER, file, **{"nodes": order, "devices": 2, **changes}
    )


class Caller:
    """Says hello as a pod does."""

    def __init__(self, order: run_config.NodesOrder, folder: pathlib.Path) -> None:
        self.loop = channel.Loop()
        self._order = order
        self._folder = folder

    def call(self, kind: str = "hello", **said: Any) -> tuple[channel.Frame, channel.Channel]:
        """Return what the first pod answers, once it listens, and the channel."""
        told = {"index": 1, "devices": 2, "version": versions.describe_version(), **said}

        async def call() -> tuple[channel.Frame, channel.Channel]:
            context = channel.open_context(pathlib.Path(self._order.credentials_dir), is_server=False)
            streams = await channel.connect(self._order.address, self._order.port, context)
            link = channel.Channel(self.loop, streams, self._folder)
            await link.write(kind, **told)
            frame = await link.read_frame()
            link.serve()
            return frame, link

        deadline = time.monotonic() + 20
        while True:
            try:
                return self.loop.run(call(), 10)
            except ConnectionRefusedError:
                assert time.monotonic() < deadline
                time.sleep(0.05)


class Meeting:
    """A first pod that gathers in a thread, and ends once it is told to."""

    def __init__(self, config: run_config.RunConfig, folder: pathlib.Path) -> None:
        assert config.nodes is not None
        self.caller = Caller(config.nodes, folder)
        self.told = Told()
        self.clock = Hand()
        self.meter = Meter(devices=2, clock=self.clock)
        self.nodes: gathering.Nodes | None = None
        self.error: Exception | None = None
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._gather, args=(config, folder))
        self._thread.start()

    def _gather(self, config: run_config.RunConfig, folder: pathlib.Path) -> None:
        try:
            with gathering.gather_nodes(config, folder, self.told, self.meter) as nodes:
                self.nodes = nodes
                self._is_over.wait()
        except Exception as error:  # noqa: BLE001 - looked at by the test
            self.error = error

    def wait(self) -> gathering.Nodes:
        """Return the pods that take part."""
        pods.wait_for(lambda: self.nodes is not None or self.error is not None)
        assert self.nodes is not None, self.error
        return self.nodes

    def end(self) -> None:
        """Let everybody go."""
        self._is_over.set()
        self._thread.join()
        self.caller.loop.close()


@contextmanager
def meeting(folder: pathlib.Path, count: int, **changes: Any) -> Iterator[Meeting]:
    one = Meeting(a_config(folder, pods.an_order(folder, count, **changes)), folder)
    try:
        yield one
    finally:
        one.told.stop.set()
        one.end()


def test_all_that_come_take_part_from_the_beginning_and_are_charged_until_they_are_let_go(
    tmp_path: pathlib.Path,
) -> None:
    with meeting(tmp_path, 3) as one:
        assert one.caller.call(index=2)[0].kind == "welcome"
        pods.wait_for(
            lambda: ("Waiting for nodes (2 of 3)", reporting.JoinedNodes(2, is_waiting=True)) in one.told.stages
        )
        _, link = one.caller.call(index=1)
        nodes = one.wait()
        assert ([node.index for node in nodes.nodes], nodes.devices) == ([1, 2], 4)
        one.clock.now = 50.0
        one.meter.begin()
        nodes.take_part()
        one.clock.now = 60.0
        assert one.meter.charged_seconds == 60.0, "six devices for ten seconds"
        nodes.dismiss()
        one.clock.now = 70.0
        assert one.meter.charged_seconds == 80.0
        pods.wait_for(lambda: bool(link.closed_why))


def test_a_node_that_is_lost_at_work_is_not_charged_for_it_and_others_until_they_were_heard(
    tmp_path: pathlib.Path,
) -> None:
    with meeting(tmp_path, 3) as one:
        one.caller.call(index=1)
        one.caller.call(index=2)
        nodes = one.wait()
        one.meter.begin()
        nodes.take_part()
        members = [*nodes.nodes[0].start(2), *nodes.nodes[1].start(4)]
        one.clock.now = 10.0
        nodes.nodes[0].lose("it did not start")
        assert nodes.joined == reporting.JoinedNodes(2)
        assert nodes.drop_lost(4.0, members[:1]) == ["node 1 is lost: it did not start"]
        assert one.meter.charged_seconds == pytest.approx(60.0 - 6.0, abs=0.5)
        nodes.nodes[0].is_leaving = True
        nodes.give_up_leaving()
        assert nodes.drop_lost(4.0, ()) == ["node 2 is lost: it was told to end"]
        assert (nodes.devices, nodes.joined) == (0, reporting.JoinedNodes(1))
        one.clock.now = 11.0
        assert one.meter.charged_seconds == pytest.approx(54.0 + 2.0, abs=1.0)


def test_enough_begin_after_a_short_wait_for_the_others_and_late_ones_are_told(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "SPARE_SECONDS", 0.5)
    with meeting(tmp_path, 3, least=2) as one:
        one.caller.call(index=2)
        assert [node.index for node in one.wait().nodes] == [2]
        assert ("Waiting for nodes (2 of 3)", reporting.JoinedNodes(2)) in one.told.stages
        frame, _ = one.caller.call(index=1)
        assert (frame.kind, frame.fields["is_late"]) == ("refused", True)
        assert frame.fields["why"] == "node 1 is late: the training has begun with 2 of 3 nodes"


def test_too_few_end_the_attempt_before_anything_is_charged(tmp_path: pathlib.Path) -> None:
    with meeting(tmp_path, 4, least=3, join_seconds=1.0) as one:
        one.caller.call(index=3)
        pods.wait_for(lambda: one.error is not None)
        assert isinstance(one.error, errors.RunError)
        assert one.error.reason == "WaitingForNodes"
        assert one.error.message == (
            "2 of 4 nodes joined within 1 s, and the training begins with at least 3; nothing was charged"
        )


def test_a_stop_while_nodes_are_waited_for_is_followed(tmp_path: pathlib.Path) -> None:
    with meeting(tmp_path, 2) as one:
        one.told.stop.set()
        pods.wait_for(lambda: one.error is not None)
        assert isinstance(one.error, stopping.RunStopped)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param({"version": "darkroom 9"}, "node 1 is another program (darkroom 9) than node 0", id="version"),
        pytest.param({"index": 3}, "node 3 has no place among 3 nodes", id="an index too high"),
        pytest.param({"index": 0}, "node 0 has no place among 3 nodes", id="the first's index"),
        pytest.param({"devices": 8}, "node 1 has 8 devices, and node 0 has 2", id="other devices"),
        pytest.param({"index": 2}, "node 2 has joined already", id="an index twice"),
    ],
)
def test_who_has_no_place_is_refused_with_words(tmp_path: pathlib.Path, said: dict[str, Any], why: str) -> None:
    with meeting(tmp_path, 3) as one:
        one.caller.call(index=2)
        frame, _ = one.caller.call(**said)
        assert (frame.kind, frame.fields["is_late"]) == ("refused", False)
        assert frame.fields["why"].startswith(why)


def test_the_place_of_one_that_is_gone_again_is_free(tmp_path: pathlib.Path) -> None:
    with meeting(tmp_path, 3) as one:
        _, link = one.caller.call(index=2)
        link.close()
        deadline = time.monotonic() + 10
        while one.caller.call(index=2)[0].kind != "welcome":
            assert time.monotonic() < deadline


@pytest.mark.parametrize("kind", ["answer", "hello"])
def test_what_is_no_hello_gets_no_answer(tmp_path: pathlib.Path, kind: str) -> None:
    with meeting(tmp_path, 2) as one, pytest.raises(EOFError):
        one.caller.call(kind, index="first" if kind == "hello" else 1)


def test_a_run_that_only_publishes_and_one_without_others_wait_for_nobody(tmp_path: pathlib.Path) -> None:
    order = pods.an_order(tmp_path)
    for config in (a_config(tmp_path, order, publish_only=True), a_config(tmp_path, order, nodes=None)):
        with gathering.gather_nodes(config, tmp_path, Told(), Meter()) as nodes:
            assert nodes is None


def test_a_missing_certificate_is_named(tmp_path: pathlib.Path) -> None:
    order = pods.an_order(tmp_path).model_copy(update={"credentials_dir": str(tmp_path / "nowhere")})
    with (
        pytest.raises(errors.RunError, match=r"No such file or directory \(.*nowhere\)") as caught,
        gathering.gather_nodes(a_config(tmp_path, order), tmp_path, Told(), Meter()),
    ):
        pytest.fail("nobody can come")
    assert caught.value.reason == "InvalidConfiguration"
