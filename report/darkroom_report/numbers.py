"""How numbers are written for people: scores, shares, seconds and counts.

Owns the digits and the sign for what is unknown. Pure.
"""

from typing import Final

UNKNOWN: Final = "–"
NARROW: Final = "\u00a0"
"""Keeps a number and its sign on one line."""


def show_score(value: float | None) -> str:
    """Return a score in [0, 1] with three digits."""
    return UNKNOWN if value is None else f"{value:.3f}"


def show_share(value: float | None) -> str:
    """Return a share in [0, 1] in whole percent; what is nearly nothing or nearly all is not rounded to it."""
    if value is None:
        return UNKNOWN
    if 0 < value < 0.005:
        return f"< 1{NARROW}%"
    if 0.995 <= value < 1:
        return f"> 99{NARROW}%"
    return f"{100 * value:.0f}{NARROW}%"


def show_count(value: float | None) -> str:
    """Return a whole number with separators."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def show_seconds(value: float | None) -> str:
    """Return seconds as a person reads them: 0.04 s, 8.3 s, 42 s, 3 min 20 s, 2 h 5 min."""
    if value is None:
        return UNKNOWN
    if value < 10:
        return f"{value:.2f} s" if 0 < value < 0.095 else f"{value:.1f} s"
    total = round(value)
    if total < 100:
        return f"{total} s"
    minutes, seconds = divmod(total, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"


def show_tick_seconds(value: float) -> str:
    """Return seconds on an axis."""
    if value < 600:
        return f"{value:g} s"
    return f"{value / 60:g} min" if value < 36_000 else f"{value / 3600:.3g} h"


def show_tick_count(value: float) -> str:
    """Return a number on an axis, thousands and millions shortened."""
    for size, unit in ((1e6, "M"), (1e4, None)):
        if abs(value) >= size:
            return f"{value / (size if unit else 1e3):g}{unit or 'k'}"
    return f"{value:,g}" if value % 1 else f"{value:,.0f}"


def show_tick_ratio(value: float) -> str:
    """Return a binary logarithm on an axis as the ratio that it stands for, 1 as 2:1."""
    if abs(value) < 0.01:
        return "1:1"
    ratio = f"{2 ** abs(value):.3g}"
    return f"{ratio}:1" if value > 0 else f"1:{ratio}"


def count(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it is one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
