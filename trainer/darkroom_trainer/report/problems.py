"""Advice and problems in the form that reports keep: each kind counted, the worst of each kind listed.

Owns how many are listed. Must not decide what is wrong.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from darkroom_trainer.data.records.findings import Advice

MAX_OF_KIND: Final = 20
"""Entries of one kind that a report tells; all of them are in the dataset's inspection.json."""


def describe_advice(advice: Sequence[Advice], counts: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return the advice by kind; `counts` where more was found than is in `advice`."""
    found = counts or Counter(piece.issue.value for piece in advice)
    kinds = [
        {"issue": issue, "count": count, "entries": _choose(advice, issue)}
        for issue, count in sorted(found.items(), key=lambda pair: -pair[1])
    ]
    return {"count": sum(found.values()), "kinds": kinds}


def _choose(advice: Sequence[Advice], issue: str) -> list[dict[str, Any]]:
    """Return the worst of a kind; pieces without a score keep their order."""
    of_kind = [piece for piece in advice if piece.issue.value == issue]
    worst = sorted(of_kind, key=lambda piece: 1.0 if piece.score is None else piece.score)
    return [piece.to_json() for piece in worst[:MAX_OF_KIND]]
