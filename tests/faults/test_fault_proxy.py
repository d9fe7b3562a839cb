"""What the fault proxy does to requests, seen by a client that knows no faults."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import urllib3

from tests.faults.proxy import actions
from tests.faults.proxy.exchange import Frames, Upstream
from tests.faults.proxy.mutations import Moment, Trap
from tests.faults.proxy.server import FaultProxy, Rule

BODY = b"x" * 1000


class Counting(ThreadingHTTPServer):
    """A server that remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []


class Handler(BaseHTTPRequestHandler):
    """Answers everything with the same body, and watches with three lines."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"one\ntwo\nthree\n" if "watch=true" in self.path else BODY)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(BODY)

    def _answer(self, body: bytes) -> None:
        assert isinstance(self.server, Counting)
        self.server.asked.append(f"{self.command} {self.path}")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"real"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[Counting]:
    server = Counting()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def proxy(server: Counting) -> Iterator[FaultProxy]:
    proxy = FaultProxy(Upstream(f"http://127.0.0.1:{server.server_port}"))
    yield proxy
    proxy.close()


def call(proxy: FaultProxy, path: str = "/thing", method: str = "GET", name: str = "a") -> urllib3.BaseHTTPResponse:
    body = json.dumps({"metadata": {"name": name}}) if method == "POST" else None
    return urllib3.request(method, proxy.address + path, body=body, retries=False, timeout=5)


def test_without_a_rule_everything_passes(proxy: FaultProxy, server: Counting) -> None:
    answer = call(proxy, "/a%2Fb?c=d")
    assert (answer.status, answer.data, answer.headers["ETag"]) == (200, BODY, '"real"')
    assert server.asked == ["GET /a%2Fb?c=d"]


def test_a_rule_acts_on_what_it_matches_after_some_and_so_many_times(proxy: FaultProxy) -> None:
    proxy.add(Rule(actions.answer(503), "/thing", "GET", skip=1, times=2))
    assert [call(proxy).status for _ in range(4)] == [200, 503, 503, 200]
    assert call(proxy, "/other").status == 200


def test_a_made_up_answer_carries_its_headers(proxy: FaultProxy) -> None:
    proxy.add(Rule(actions.answer(429, Retry_After="7")))
    answer = call(proxy)
    assert (answer.status, answer.headers["Retry-After"], answer.json()["reason"]) == (429, "7", "TooManyRequests")


@pytest.mark.parametrize(("action", "heard"), [(actions.drop, 0), (actions.cut, 1)])
def test_a_dropped_request_is_not_heard_and_a_cut_one_is(
    proxy: FaultProxy, server: Counting, action: actions.Action, heard: int
) -> None:
    proxy.add(Rule(action))
    with pytest.raises(urllib3.exceptions.ProtocolError):
        call(proxy)
    assert len(server.asked) == heard


def test_a_duplicated_request_is_heard_twice(proxy: FaultProxy, server: Counting) -> None:
    proxy.add(Rule(actions.duplicate))
    assert call(proxy, method="POST").status == 200
    assert len(server.asked) == 2


def test_a_truncated_body_is_noticed_and_a_shortened_one_is_not(proxy: FaultProxy) -> None:
    proxy.add(Rule(actions.truncate, times=1), Rule(actions.shorten, times=1))
    with pytest.raises(urllib3.exceptions.ProtocolError):
        call(proxy)
    assert call(proxy).data == BODY[:500]


def test_an_etag_can_be_another_one(proxy: FaultProxy) -> None:
    proxy.add(Rule(actions.change_etag))
    assert call(proxy).headers["ETag"] == f'"{"0" * 32}"'


@pytest.mark.parametrize(
    ("frames", "lines"),
    [
        (actions.double_frames, [b"one", b"one", b"two", b"two", b"three", b"three"]),
        (actions.drop_every_second_frame, [b"one", b"three"]),
        (actions.delay_frames(0.05), [b"one", b"two", b"three"]),
        (actions.say_nothing, []),
    ],
)
def test_frames_of_a_watch_are_doubled_dropped_delayed_or_held(
    proxy: FaultProxy, frames: Frames, lines: list[bytes]
) -> None:
    proxy.add(Rule(actions.watch_through(frames), watches=True))
    assert call(proxy, "/thing?watch=true").data.splitlines() == lines


def test_an_error_in_the_stream_is_a_frame(proxy: FaultProxy) -> None:
    proxy.add(Rule(actions.watch_through(actions.end_with_error(410)), watches=True))
    frame = json.loads(call(proxy, "/thing?watch=true").data)
    assert (frame["type"], frame["object"]["code"]) == ("ERROR", 410)


@pytest.mark.parametrize(("moment", "heard"), [(Moment.BEFORE, 1), (Moment.AFTER, 2)])
def test_a_trap_springs_at_its_write_and_no_other(
    proxy: FaultProxy, server: Counting, moment: Moment, heard: int
) -> None:
    killed: list[int] = []
    proxy.mutations.trap = Trap("mine", 2, moment, lambda: killed.append(1))
    assert call(proxy, "/jobs", "POST", "mine-1").status == 200
    assert call(proxy, "/events", "POST", "mine-x").status == 200
    with pytest.raises(urllib3.exceptions.ProtocolError):
        call(proxy, "/jobs", "POST", "mine-2")
    assert killed == [1]
    assert len([path for path in server.asked if path == "POST /jobs"]) == heard
    assert [str(write) for write in proxy.mutations.about("mine")] == ["POST jobs", "POST jobs"]
