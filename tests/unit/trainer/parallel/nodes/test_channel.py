"""Frames and files over mutual TLS: what arrives, who is not let in, and when the other side counts as lost."""

import asyncio
import pathlib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.clusters.ports import find_free_port
from darkroom_trainer.parallel.nodes import channel
from tests.unit.trainer.parallel.nodes import pods

WAIT_SECONDS = 10.0
PATH = b'{"kind": "file", "name": "../../etc/passwd"}'


class Ends:
    """The two ends of a channel, each with a folder of its name."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.port = find_free_port()
        self.credentials = pods.write_credentials(folder / "credentials")
        self.loop = channel.Loop()
        self.accepted: list[channel.Channel] = []
        context = channel.open_context(self.credentials, is_server=True)
        self.server = channel.listen(self.loop, self.port, context, self._accept)

    async def _accept(self, streams: channel.Streams) -> None:
        self.accepted.append(self._serve(streams, "ours"))

    def _serve(self, streams: channel.Streams, name: str) -> channel.Channel:
        (self.folder / name).mkdir()
        link = channel.Channel(self.loop, streams, self.folder / name)
        link.serve()
        return link

    def connect(self, credentials: pathlib.Path | None = None) -> tuple[channel.Channel, channel.Channel]:
        """Return the end that listened, and the one that came."""
        context = channel.open_context(credentials or self.credentials, is_server=False)

        async def come() -> channel.Channel:
            return self._serve(await channel.connect("127.0.0.1", self.port, context), "theirs")

        theirs = self.loop.run(come(), WAIT_SECONDS)
        pods.wait_for(lambda: bool(self.accepted))
        return self.accepted[0], theirs

    async def stop(self) -> None:
        """Stop listening."""
        self.server.close()


@contextmanager
def opened_ends(folder: pathlib.Path) -> Iterator[Ends]:
    ends = Ends(folder)
    try:
        yield ends
    finally:
        ends.loop.run(ends.stop())
        ends.loop.close()


def test_frames_and_files_arrive_whole_and_in_order_both_ways(tmp_path: pathlib.Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "large.bin").write_bytes(content)
    with opened_ends(tmp_path) as ends:
        ours, theirs = ends.connect()
        theirs.send_file("a-1.npy", tmp_path / "large.bin")
        theirs.send("answer", b"body", number=3)
        assert ours.take(WAIT_SECONDS) == channel.Frame("answer", {"number": 3}, b"body")
        assert (tmp_path / "ours" / "a-1.npy").read_bytes() == content
        theirs.send(channel.DROP, name="a-1.npy")
        theirs.send("answer")
        assert ours.take(WAIT_SECONDS) == channel.Frame("answer")
        assert not (tmp_path / "ours" / "a-1.npy").exists()
        ours.send("order")
        assert theirs.take(WAIT_SECONDS) == channel.Frame("order")
        assert theirs.take(0.0) is None


def test_a_closed_channel_says_so_at_both_ends_and_takes_nothing_more(tmp_path: pathlib.Path) -> None:
    with opened_ends(tmp_path) as ends:
        ours, theirs = ends.connect()
        ours.close("dismissed")
        assert ours.closed_why == "dismissed"
        pods.wait_for(lambda: bool(theirs.closed_why))
        with pytest.raises(OSError, match="closed"):
            theirs.send("answer")


def test_who_shows_another_certificate_is_not_let_in(tmp_path: pathlib.Path) -> None:
    strange = pods.write_credentials(tmp_path / "strange")
    with opened_ends(tmp_path) as ends:
        with pytest.raises(ssl.SSLCertVerificationError):
            ends.connect(strange)
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        bare.check_hostname = False
        bare.verify_mode = ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", ends.port)) as plain, bare.wrap_socket(plain) as bold:
            assert hear(bold) == b"", "it is told nothing"
        assert ends.accepted == []


def test_a_pod_that_shows_another_name_is_not_taken_for_the_first(tmp_path: pathlib.Path) -> None:
    with opened_ends(tmp_path) as ends:
        other = pods.write_credentials(tmp_path / "other", host="elsewhere")
        port = find_free_port()
        server = channel.listen(ends.loop, port, channel.open_context(other, is_server=True), ends._accept)
        context = channel.open_context(other, is_server=False)
        with pytest.raises(ssl.SSLCertVerificationError, match="darkroom-nodes"):
            ends.loop.run(channel.connect("127.0.0.1", port, context), WAIT_SECONDS)
        ends.loop.run(close(server))


def hear(socket_: ssl.SSLSocket) -> bytes:
    try:
        return socket_.recv(1)
    except OSError:
        return b""


async def close(server: asyncio.Server) -> None:
    server.close()


def test_a_silent_side_is_lost(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(channel, "SILENT_SECONDS", 0.5)
    with opened_ends(tmp_path) as ends:
        ours, theirs = ends.connect()
        time.sleep(1.0)
        assert not ours.closed_why, "it beats"
        for task in theirs._tasks:
            ends.loop._loop.call_soon_threadsafe(task.cancel)
        pods.wait_for(lambda: bool(ours.closed_why))
        assert ours.closed_why.startswith("it was silent for")


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        pytest.param(channel._SIZES.pack(2, 1 << 40) + b"{}", "a frame of 1099511627778 bytes", id="too large"),
        pytest.param(channel._SIZES.pack(2, 0) + b"{}", "without a kind", id="no kind"),
        pytest.param(channel._SIZES.pack(4, 0) + b"what", "without a kind", id="no JSON"),
        pytest.param(channel._SIZES.pack(2, 0) + b"[]", "without a kind", id="no object"),
        pytest.param(channel._SIZES.pack(len(PATH), 0) + PATH, "a file named", id="a path"),
    ],
)
def test_what_is_no_frame_closes_the_channel(tmp_path: pathlib.Path, sent: bytes, why: str) -> None:
    with opened_ends(tmp_path) as ends:
        ours, theirs = ends.connect()
        ends.loop._loop.call_soon_threadsafe(theirs._writer.write, sent)
        pods.wait_for(lambda: bool(ours.closed_why))
        assert ours.closed_why.startswith("what it says cannot be used: ")
        assert why in ours.closed_why


@pytest.mark.parametrize("value", [None, -1, True, "3", 1.5])
def test_a_field_that_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(channel.BadFrame, match="order: process is no whole number"):
        channel.Frame("order", {"process": value}).read_number("process")


@pytest.mark.parametrize("value", [None, 3, "x" * 2000])
def test_a_field_that_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(channel.BadFrame, match="file: name is no text"):
        channel.Frame("file", {"name": value}).read_text("name")
