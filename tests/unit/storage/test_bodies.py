"""Bodies that stall, stay short, are too large, or are merely slow."""

import http.client
import io
import itertools

import pytest

from darkroom_storage.bodies import read_body, read_limited
from darkroom_storage.errors import ObjectTooLarge, StorageUnreachable


class Trickle:
    """A body that comes a few bytes at a time, on a clock of its own; it ends early after `most` bytes."""

    def __init__(self, seconds_each: float, most: int) -> None:
        self.now = 0.0
        self.closed = False
        self._raw_stream = self
        self._seconds_each = seconds_each
        self._left = most

    def read1(self, _size: int) -> bytes:
        self.now += self._seconds_each
        part = bytes(min(10, self._left))
        self._left -= len(part)
        return part

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("seconds_each", "most", "said"),
    [
        pytest.param(1.0, 1000, r"only 210 of 1,000 bytes came in 21 s", id="it hardly moves"),
        pytest.param(0.0, 500, r"only 500 of 1,000 bytes came$", id="it stays short"),
    ],
)
def test_a_body_that_does_not_come_is_given_up(seconds_each: float, most: int, said: str) -> None:
    body = Trickle(seconds_each, most)
    with pytest.raises(StorageUnreachable, match=said):
        list(read_body("s3://b/k", body, 1000, clock=lambda: body.now))
    assert body.closed


def test_a_slow_body_that_keeps_moving_is_read_whole() -> None:
    body = Trickle(0.005, 100_000)
    assert sum(map(len, read_body("s3://b/k", body, 100_000, clock=lambda: body.now))) == 100_000
    assert body.now > 20


class EndlessTrickle:
    """An answer whose body comes one byte at a time."""

    def read1(self, _: int) -> bytes:
        return b"."


def test_a_body_that_trickles_is_given_up_and_one_without_end_is_cut() -> None:
    answer: http.client.HTTPResponse = EndlessTrickle()  # type: ignore[assignment]
    with pytest.raises(StorageUnreachable, match="bytes came in 21 s"):
        read_limited("https://h/a", answer, 10_000, clock=itertools.count().__next__)
    with pytest.raises(ObjectTooLarge, match="more than 50 bytes"):
        read_limited("https://h/a", answer, 50, clock=lambda: 0.0)
    assert read_limited("https://h/a", io.BytesIO(b"whole"), 5) == b"whole"  # type: ignore[arg-type]
