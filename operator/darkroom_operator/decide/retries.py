"""Whether another attempt may follow the last one, after which pause, and what a status says of it.

Owns the counting against the caps of the contract's `endings`, the pauses, and the words for both verdicts. Where a run
lacks configuration or nodes, time bounds it instead of a number; see `docs/decisions/0011-waits-are-not-failures.md`.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from typing import Final

from darkroom_api.blockers import Blocker
from darkroom_api.conditions import Reason
from darkroom_api.endings import ENDINGS, RetryCap, Then, find_ending
from darkroom_api.v1alpha1.common import Attempt
from darkroom_operator.config import RetriesConfig
from darkroom_operator.decide import ends
from darkroom_operator.decide.allocation import find_kept_seconds

MEMORY_RETRIES: Final = 1
"""Attempts with half the batch, after one that ran out of memory."""

_UNNAMED_CLASS: Final = "computeClasses.<class>.memory"
"""How a trainer calls the field; it does not know its class."""


class Stage(StrEnum):
    """Where the attempts of a run are."""

    IDLE = "idle"
    """None is open: the next may start now."""
    PAUSED = "paused"
    """None is open: the next starts after a pause."""
    OPEN = "open"
    """One is waiting for its container, working or stopping."""
    ENDED = "ended"
    """None is open and none follows."""


@dataclass(frozen=True)
class Limits:
    """How long and how often something is tried again."""

    retries: RetriesConfig
    start_timeout_seconds: int
    """How long a run may be stuck; 0 for ever."""


@dataclass(frozen=True)
class Verdict:
    """What follows from the closed attempts."""

    stage: Stage
    not_before: datetime | None = None


def judge(attempts: tuple[Attempt, ...], limits: Limits, now: datetime) -> Verdict:
    """Return whether another attempt may follow the last one, which is closed."""
    last = attempts[-1]
    ending = find_ending(last.outcome)
    if ending is not None and ending.then is Then.RESUME:
        return Verdict(Stage.IDLE)
    if ending is None or ending.then is not Then.RETRY or ending.cap is None:
        return Verdict(Stage.ENDED)
    count, most = _count(attempts, ending.cap, limits.retries)
    if count > most or _is_stuck(attempts, limits.start_timeout_seconds):
        return Verdict(Stage.ENDED)
    retries = limits.retries
    pause = min(retries.backoff_seconds * 2 ** min(count - 1, 20), retries.max_backoff_seconds) * _spread(last)
    ended_at = datetime.fromisoformat(last.finished_at) if last.finished_at else now
    not_before = ended_at + timedelta(seconds=pause)
    return Verdict(Stage.PAUSED if now < not_before else Stage.IDLE, not_before)


def _spread(last: Attempt) -> float:
    """Return by how much the pause after an attempt is longer.

    Two runs that each hold half of what both need must not try again in step. The Job's name decides it, which holds
    the run's uid and the attempt's number.
    """
    if last.outcome != Reason.WAITING_FOR_NODES:
        return 1.0
    return 1.0 + int.from_bytes(hashlib.sha256(last.job.encode()).digest()[:4], "big") / 2**32


def count_ends(attempts: Iterable[Attempt], reason: str) -> int:
    """Return how many attempts ended with `reason`, also those that are listed no more."""
    listed = list(attempts)
    mine = sum(1 + (attempt.repeated or 0) for attempt in listed if attempt.outcome == reason)
    if reason != Reason.RETRYING_AFTER_DISRUPTION or not listed:
        return mine
    repeated = sum(attempt.repeated or 0 for attempt in listed)
    # Earlier versions dropped disruptions without a count of them.
    return mine + max(listed[-1].number - listed[0].number + 1 - len(listed) - repeated, 0)


def count_since_progress(attempts: tuple[Attempt, ...], reason: str) -> int:
    """Return how many attempts in a row, the last ones, ended with `reason` and kept nothing new."""
    count = 0
    for index in range(len(attempts) - 1, -1, -1):
        attempt = attempts[index]
        if attempt.outcome != reason:
            break
        count += 1 + (attempt.repeated or 0)
        kept_before = find_kept_seconds(attempts[:index])
        if (attempt.charged_seconds or 0.0) > kept_before:
            break
    return count


def tell_next(last: Attempt, next_number: int, not_before: datetime) -> str:
    """Return when and how the attempt after the last one starts."""
    how = " with half the batch" if last.outcome == Reason.OUT_OF_MEMORY else ""
    return f"Attempt {next_number} starts at {not_before:%H:%M:%S}Z{how}."


def describe_pause(last: Attempt, end: ends.End | None, follows: str) -> Blocker:
    """Return why the next attempt waits, and until when; `end` is that of the last one where it is learned only now."""
    assert last.outcome is not None
    reason = Reason(last.outcome)
    said = ends.as_sentence(end.message) if end is not None else f"Attempt {last.number} ended with {reason}."
    return Blocker(ENDINGS[reason].while_pausing or reason, f"{said} {follows}")


def describe_defeat(attempts: tuple[Attempt, ...], end: ends.End, memory_field: str, memory: str) -> Blocker:
    """Return why nothing is tried again after `end`, the last one's; a pod gets `memory`, as `memory_field` says."""
    reason = end.row.given_up or end.reason
    if end.row.cap is RetryCap.MEMORY:
        again = " It happened again with half the batch." if count_ends(attempts, end.reason) > 1 else ""
        return Blocker(reason, f"{ends.as_sentence(_advise(end, memory_field, memory))}{again}")
    in_a_row = end.row.cap is RetryCap.STORAGE
    count = count_since_progress(attempts, end.reason) if in_a_row else count_ends(attempts, end.reason)
    return Blocker(reason, ends.describe_last(end, count))


def double(quantity: str) -> str:
    """Return twice a memory quantity, in its unit."""
    found = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", quantity)
    assert found is not None
    number, unit = found.groups()
    return f"{float(number) * 2:g}{unit}"


def _advise(end: ends.End, memory_field: str, memory: str) -> str:
    """Return what happened and how much to give; a trainer that could still tell knows which memory it lacked."""
    if end.outcome is not None:
        return end.message.replace(_UNNAMED_CLASS, memory_field)
    return (
        f"{ends.as_sentence(end.message)} `{memory_field}` gives {memory} now; "
        f"give at least {double(memory)}, or use a compute class with more."
    )


def _count(attempts: tuple[Attempt, ...], cap: RetryCap, retries: RetriesConfig) -> tuple[int, float]:
    """Return how often it ended like the last time, and how often it may."""
    outcome = attempts[-1].outcome or ""
    match cap:
        case RetryCap.STORAGE:
            return count_since_progress(attempts, outcome), retries.storage
        case RetryCap.START_TIMEOUT:
            return sum(1 + (attempt.repeated or 0) for attempt in _last_in_a_row(attempts)), float("inf")
        case RetryCap.DISRUPTIONS:
            return count_ends(attempts, outcome), retries.disruptions
        case RetryCap.MEMORY:
            return count_ends(attempts, outcome), min(MEMORY_RETRIES, retries.failures)
        case RetryCap.FAILURES:
            return count_ends(attempts, outcome), retries.failures


def _is_stuck(attempts: tuple[Attempt, ...], start_timeout_seconds: int) -> bool:
    """Return whether something is missing for longer than a run may wait for it; only a new end can tell."""
    ending = find_ending(attempts[-1].outcome)
    if not start_timeout_seconds or ending is None or ending.cap is not RetryCap.START_TIMEOUT:
        return False
    first, last = _last_in_a_row(attempts)[0].finished_at, attempts[-1].finished_at
    if first is None or last is None:
        return False
    return datetime.fromisoformat(last) - datetime.fromisoformat(first) >= timedelta(seconds=start_timeout_seconds)


def _last_in_a_row(attempts: tuple[Attempt, ...]) -> list[Attempt]:
    same = takewhile(lambda attempt: attempt.outcome == attempts[-1].outcome, reversed(attempts))
    return list(same)[::-1]
