"""Durations as users write them (`90m`, `1h30m`) and as the budget counts them (seconds)."""

import re

DURATION_PATTERN = r"^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$"
_PARTS = re.compile(r"(?:([0-9]{1,5})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,6})s)?")


def parse_duration(text: str) -> int:
    """Return the whole seconds in `text` such as `90m`; raises ValueError that shows the accepted form."""
    match = _PARTS.fullmatch(text)
    if not text or match is None:
        raise ValueError(f"{text!r} is not a duration: write hours, minutes and seconds, such as 90m or 1h30m")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def format_duration(seconds: float) -> str:
    """Return `seconds` as a user writes it, rounded to whole seconds: 5400 -> `1h30m`."""
    total = round(seconds)
    hours, rest = divmod(total, 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{value}{unit}" for value, unit in ((hours, "h"), (minutes, "m"), (left, "s")) if value]
    return "".join(parts) or "0s"
