"""Durations as people write them."""

import re

import pytest

from darkroom_api.durations import DURATION_PATTERN, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90m", 5400), ("1h30m", 5400), ("1h", 3600), ("60s", 60), ("1344h", 4_838_400), ("1h1m1s", 3661), ("0s", 0)],
)
def test_a_duration_is_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds
    assert re.fullmatch(DURATION_PATTERN, text)


@pytest.mark.parametrize(
    "text", ["", "h", "1", "1d", "1.5h", "30m1h", "-1h", " 1h", "1h ", "1H", "123456h", "1h1h", "٣m", "1h\n"]
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write hours, minutes and seconds, such as 90m"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59.6, "1m"), (60, "1m"), (5400, "1h30m"), (3661, "1h1m1s"), (4_838_400, "1344h")]
)
def test_a_duration_is_written(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize("seconds", [1, 59, 3599, 3600, 86_399, 4_838_400])
def test_a_written_duration_reads_as_the_same(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds
