"""How long a server is asked, and when again."""

import pathlib
import ssl
from dataclasses import dataclass, field

import pytest

from darkroom_api.endpoints import Reach, list_endpoints
from darkroom_migrate.calls import Answer, Caller
from darkroom_storage.errors import AddressForbidden, ObjectTooLarge, StorageUnreachable
from tests.unit.migrate.conftest import Serve
from tests.unit.migrate.recorded_projects import a_multiclass_project
from tests.unit.migrate.training_server import Reply, TrainingServer

WORDS = b'{"code":"429","message":"Rate limit is exceeded. Try again in 26 seconds."}'
WAITS = {
    "a header of seconds": (Answer(429, b"", "7"), 7.0),
    "words of the gateway": (Answer(429, WORDS), 26.0),
    "the header before the words": (Answer(429, WORDS, "7"), 7.0),
    "a date": (Answer(503, b"", "Wed, 21 Oct 2026 07:28:00 GMT"), None),
    "a number that is none": (Answer(503, b"", "9" * 400), None),
    "words of another answer": (Answer(500, WORDS), None),
    "nothing": (Answer(429, b""), None),
}


@pytest.mark.parametrize(("answer", "wait"), WAITS.values(), ids=WAITS)
def test_a_server_says_when_to_come_again(answer: Answer, wait: float | None) -> None:
    assert answer.find_wait() == wait


@dataclass
class Clock:
    """Time that passes only where somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


def a_caller(server: TrainingServer, certificate: pathlib.Path, clock: Clock, patience_seconds: float = 60) -> Caller:
    reach = Reach(allowed_endpoints=list_endpoints([server.base]), own_machine=True)
    context = ssl.create_default_context(cafile=certificate)
    return Caller(reach, context, patience_seconds, clock.sleep, lambda: clock.now)


PAUSES = {
    "as long as a 429 says": ([Reply(429, b"", {"Retry-After": "9"})], [9.0]),
    "longer each time without a word": ([Reply(500), Reply(503), Reply(502)], [0.5, 1.0, 2.0]),
    "not at all where it is refused": ([Reply(403)], []),
}


@pytest.mark.parametrize(("replies", "slept"), PAUSES.values(), ids=PAUSES)
def test_a_busy_server_is_asked_again(
    replies: list[Reply], slept: list[float], serve: Serve, certificate: pathlib.Path
) -> None:
    server, clock = serve(a_multiclass_project(), faults={"/a": replies}), Clock()
    answer = a_caller(server, certificate, clock).get(f"{server.base}/a", 100)
    assert clock.slept == slept
    assert answer.status == (404 if slept else 403)


ENDS = {
    "of no use: the wait is longer than the patience": ([Reply(429, b"", {"Retry-After": "61"})], [], 429),
    "at its end: it stays busy": ([Reply(503)] * 20, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 16.0], 503),
}


@pytest.mark.parametrize(("replies", "slept", "status"), ENDS.values(), ids=ENDS)
def test_patience_is(
    replies: list[Reply], slept: list[float], status: int, serve: Serve, certificate: pathlib.Path
) -> None:
    server, clock = serve(a_multiclass_project(), faults={"/a": list(replies)}), Clock()
    answer = a_caller(server, certificate, clock).get(f"{server.base}/a", 100)
    assert (answer.status, clock.slept) == (status, slept)


def test_a_server_that_is_gone_is_asked_until_the_end_of_patience(certificate: pathlib.Path) -> None:
    clock, nobody = Clock(), TrainingServer(a_multiclass_project(), {}, base="https://localhost:1")
    with pytest.raises(StorageUnreachable):
        a_caller(nobody, certificate, clock, 4).get("https://localhost:1/a?sig=1", 100)
    assert clock.slept == [0.5, 1.0, 2.0]


def test_an_answer_may_not_be_larger_than_asked_for(serve: Serve, certificate: pathlib.Path) -> None:
    server = serve(a_multiclass_project(), faults={"/a": [Reply(200, b"x" * 101)]})
    with pytest.raises(ObjectTooLarge):
        a_caller(server, certificate, Clock()).get(f"{server.base}/a", 100)


def test_a_host_that_nobody_named_is_not_asked(serve: Serve, certificate: pathlib.Path) -> None:
    server, other = serve(a_multiclass_project()), serve(a_multiclass_project())
    with pytest.raises(AddressForbidden):
        a_caller(server, certificate, Clock()).get(f"{other.base}/a", 100)
    assert other.asked == []
