"""The record of a search: what was tried, what it cost, how it scored and why it ended.

Owns the form that checkpoints, metrics.json and the report share. Must not decide anything.
"""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class TrialKind(StrEnum):
    """What was tried: a frozen-feature classifier, or a network that is trained."""

    HEAD = "head"
    NETWORK = "network"


class TrialEnd(StrEnum):
    """How a trial ended."""

    WON = "won"
    KEPT = "kept"
    PRUNED = "pruned"
    FAILED = "failed"
    TOO_COSTLY = "tooCostly"


@dataclass(frozen=True)
class TrialRecord:
    """One thing that was tried; seconds are charged seconds, scores lie in [0, 1] and are None where none was taken.

    `round` is the last round of the halving that it took part in (0 for a head; in files: `rung`), `passes` the
    images it was trained on.
    """

    number: int
    kind: TrialKind
    name: str
    score: float | None
    standard_error: float | None
    started_at_seconds: float
    cost_seconds: float
    end: TrialEnd
    why: str
    round: int = 0
    passes: int = 0
    settings: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the form for checkpoints, metrics.json and the report."""
        fields = asdict(self)
        return {"rung": fields.pop("round"), **fields}
