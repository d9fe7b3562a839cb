"""What a status says after an attempt that ended badly: that another follows, or that none does.

Owns these words and reasons for every kind. Whether another follows is decided in `attempts`.
"""

import re
from dataclasses import dataclass
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_operator.decide.attempts import Ledger
from darkroom_operator.decide.decision import Problem
from darkroom_operator.decide.ends import End, as_sentence, describe_last
from darkroom_operator.decide.retries import count_ends, count_since_progress

_UNNAMED_CLASS: Final = "computeClasses.<class>.memory"
"""How a trainer calls the field; it does not know its class."""


@dataclass(frozen=True)
class Memory:
    """What a pod may use, and the administrator's field that says so."""

    field: str
    quantity: str


def describe_pause(ledger: Ledger) -> Problem | None:
    """Return why the next attempt waits and until when; None where how the last one ended was told before."""
    end = ledger.end
    if end is None or ledger.not_before is None:
        return None
    how = " with half the batch" if end.reason is Reason.OUT_OF_MEMORY else ""
    follows = f"Attempt {ledger.next_number} starts at {ledger.not_before:%H:%M:%S}Z{how}."
    return Problem(end.row.while_pausing or end.reason, f"{as_sentence(end.message)} {follows}")


def describe_defeat(ledger: Ledger, end: End, memory: Memory) -> Problem:
    """Return why nothing is tried again after `end`, the ledger's last."""
    reason, count = end.row.given_up or end.reason, count_ends(ledger.attempts, end.reason)
    if end.reason is Reason.STORAGE_UNAVAILABLE:
        count = count_since_progress(ledger.attempts, end.reason)
    if end.reason is Reason.OUT_OF_MEMORY:
        again = " It happened again with half the batch." if count > 1 else ""
        return Problem(reason, f"{as_sentence(_advise(end, memory))}{again}")
    return Problem(reason, describe_last(end, count))


def double(quantity: str) -> str:
    """Return twice a memory quantity, in its unit."""
    found = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", quantity)
    assert found is not None
    number, unit = found.groups()
    return f"{float(number) * 2:g}{unit}"


def _advise(end: End, memory: Memory) -> str:
    """Return what happened and how much to give; a trainer that could still tell knows which memory it lacked."""
    if end.outcome is not None:
        return end.message.replace(_UNNAMED_CLASS, memory.field)
    return (
        f"{as_sentence(end.message)} `{memory.field}` gives {memory.quantity} now; "
        f"give at least {double(memory.quantity)}, or use a compute class with more."
    )
