"""Collects what is wrong with a dataset. Must not do: decide what is wrong."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from darkroom_api.v1alpha1.dataset import Problem

MAX_KEPT: Final = 10_000
"""Problems kept in full; beyond that they are only counted, so a broken file of a million lines stays readable."""
MAX_KEPT_OF_A_KIND: Final = 5_000
"""Advice of one kind that is kept in full, so that a frequent kind leaves room for the others."""
_MAX_TEXT: Final = 512
_UNSHOWABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What could end the line, move the cursor or turn the writing direction where a message is shown."""


WrittenId = int | str
"""An id as an annotation file has it."""


class Issue(StrEnum):
    """Kinds of advice, the gravest first; an inspection counts each."""

    CLASHING_LABELS = "clashingLabels"
    SHARED_WITH_EVALUATION = "sharedWithEvaluation"
    BOX_FORM = "boxForm"
    CROWD = "crowd"
    RARE_TAG = "rareTag"
    BLANK = "blank"
    EXACT_DUPLICATE = "exactDuplicate"
    TINY_BOX = "tinyBox"
    NEAR_DUPLICATE = "nearDuplicate"
    DARK = "dark"
    LIGHT = "light"
    BLURRY = "blurry"
    ODD_ASPECT = "oddAspect"
    ODD_SIZE = "oddSize"
    NAMES = "names"


@dataclass(frozen=True)
class Advice:
    """Something that stops nothing: in the shape of a problem, with its kind and the ids of the images it is about.

    `score` is in [0, 1], lower is worse; None where the kind has no degrees.
    """

    issue: Issue
    subject: str
    message: str
    images: tuple[WrittenId, ...] = ()
    score: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the entry of a report."""
        entry = {"issue": self.issue.value, "subject": self.subject, "message": self.message}
        scored = {} if self.score is None else {"score": round(self.score, 4)}
        return {**entry, "images": list(self.images), **scored}


class Findings:
    """Problems (the dataset cannot be used) and advice (it can), each with its subject: file and id."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.problem_count = 0
        self.advice: list[Advice] = []
        self.advice_counts: Counter[Issue] = Counter()

    def add(self, subject: str, message: str) -> None:
        """Note a problem."""
        self.problem_count += 1
        if len(self.problems) < MAX_KEPT:
            self.problems.append(_build(subject, message))

    def advise(
        self, issue: Issue, subject: str, message: str, images: Sequence[WrittenId] = (), score: float | None = None
    ) -> None:
        """Note something that a user should know and that stops nothing."""
        self.advice_counts[issue] += 1
        if self.advice_counts[issue] <= MAX_KEPT_OF_A_KIND:
            self.advice.append(Advice(issue, _shorten(subject), _shorten(message), tuple(images), score))


def _build(subject: str, message: str) -> Problem:
    return Problem(subject=_shorten(subject), message=_shorten(message))


def _shorten(text: str) -> str:
    text = _UNSHOWABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text[: 2 * _MAX_TEXT])
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"
