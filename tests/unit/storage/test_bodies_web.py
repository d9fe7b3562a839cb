"""How long the body of an answer may take, and how large it may be."""

import http.client
import io
import itertools

import pytest

from darkroom_storage.bodies import read_limited
from darkroom_storage.errors import ObjectTooLarge, StorageUnreachable


class Trickle:
    """An answer whose body comes one byte at a time."""

    def read1(self, _: int) -> bytes:
        return b"."


def test_a_body_that_trickles_is_given_up_and_one_without_end_is_cut() -> None:
    answer: http.client.HTTPResponse = Trickle()  # type: ignore[assignment]
    with pytest.raises(StorageUnreachable, match="bytes came in 21 s"):
        read_limited("https://h/a", answer, 10_000, clock=itertools.count().__next__)
    with pytest.raises(ObjectTooLarge, match="more than 50 bytes"):
        read_limited("https://h/a", answer, 50, clock=lambda: 0.0)
    assert read_limited("https://h/a", io.BytesIO(b"whole"), 5) == b"whole"  # type: ignore[arg-type]
