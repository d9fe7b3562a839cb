"""What a status says after an attempt that ended badly: that another follows, or that none does.

Owns these words and reasons for every kind. Whether another follows is decided in `attempts`.
"""

from typing import Final

from darkroom_api.conditions import Reason
from darkroom_operator.decide import attempts
from darkroom_operator.decide.attempts import Ledger
from darkroom_operator.decide.decision import Problem
from darkroom_operator.decide.ends import End, EndKind, as_sentence, describe_last

_PAUSES: Final = {
    EndKind.CRASHED: Reason.RETRYING_AFTER_FAILURE,
    EndKind.STORAGE: Reason.STORAGE_UNAVAILABLE,
}
"""Why a pause is made; after any other end it is for a disruption."""


def describe_pause(ledger: Ledger) -> Problem | None:
    """Return why the next attempt waits and until when; None where how the last one ended was told before."""
    if ledger.end is None or ledger.not_before is None:
        return None
    reason = _PAUSES.get(ledger.end.kind, Reason.RETRYING_AFTER_DISRUPTION)
    message = f"{as_sentence(ledger.end.message)} Attempt {ledger.next_number} starts at {ledger.not_before:%H:%M:%S}Z."
    return Problem(reason, message)


def describe_defeat(ledger: Ledger, end: End) -> Problem:
    """Return why nothing is tried again after `end`, the ledger's last."""
    message = describe_last(end, attempts.count_ends(ledger.attempts, end.reason))
    reason = {EndKind.STORAGE: Reason.DATASET_CORRUPT, EndKind.FINISHED: end.reason}.get(end.kind, Reason.UNKNOWN)
    return Problem(reason, message)
