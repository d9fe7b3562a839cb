"""Collects what is wrong with a dataset, and which rows share a cause. Must not do: decide what is wrong."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from darkroom_api.v1alpha1.dataset import Problem

MAX_KEPT: Final = 10_000
"""Problems kept in full; beyond that they are only counted, so a broken file of a million lines stays readable."""
MAX_KEPT_OF_A_KIND: Final = 5_000
"""Advice of one kind that is kept in full, so that a frequent kind leaves room for the others."""
MAX_CAUSES: Final = 1_000
"""Causes that are told apart; what a stranger writes may make every message another one."""
_MAX_TEXT: Final = 512
_UNSHOWABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What could end the line, move the cursor or turn the writing direction where a message is shown."""
_VARYING: Final = re.compile(r"""(?<!\w)'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\{[^}]*\}|\d[\d.,e+-]*""")
"""What differs between rows of one cause: what is quoted, lists, and numbers."""
_OTHERS: Final = "others"

WrittenId = int | str
"""An id as an annotation file has it."""


class Issue(StrEnum):
    """Kinds of advice, the gravest first; an inspection counts each."""

    CLASHING_LABELS = "clashingLabels"
    SHARED_WITH_EVALUATION = "sharedWithEvaluation"
    BOX_FORM = "boxForm"
    UNREVIEWED = "unreviewed"
    UNLABELLED = "unlabelled"
    LEFT_OUT = "leftOut"
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


@dataclass(frozen=True)
class Cause:
    """What is wrong with `count` rows alike, told by the first of them."""

    first: Problem
    count: int

    def tell(self) -> Problem:
        """Return one problem that stands for all."""
        if self.count == 1:
            return self.first
        subject = f"{self.first.subject} and {self.count - 1:,} more"
        return Problem(subject=_shorten(subject), message=self.first.message)


@dataclass(frozen=True)
class _Noted:
    """A problem with its cause, and the image whose own problem may be what it follows from."""

    problem: Problem
    cause: str
    about: str | None


class Findings:
    """Problems (the dataset cannot be used) and advice (it can), each with its subject: file and id."""

    def __init__(self) -> None:
        self.advice: list[Advice] = []
        self.advice_counts: Counter[Issue] = Counter()
        self._noted: list[_Noted] = []
        self._counts: Counter[str] = Counter()
        self._firsts: dict[str, Problem] = {}
        self._following: dict[str, Counter[str]] = {}

    @property
    def problems(self) -> list[Problem]:
        """Return the problems that are kept in full."""
        return [noted.problem for noted in self._noted]

    @property
    def problem_count(self) -> int:
        """Return how many problems there are."""
        return self._counts.total()

    def add(self, subject: str, message: str, *, cause: str | None = None, about: str | None = None) -> None:
        """Note a problem.

        Those are told together whose `cause`, else whose message, differs in numbers and quoted text only. `about`
        names an image: `withdraw` takes back what follows from a problem of that image itself.
        """
        problem = _build(subject, message)
        cause = _VARYING.sub("…", cause or problem.message)
        if cause not in self._counts and len(self._counts) >= MAX_CAUSES:
            cause = _OTHERS
        self._counts[cause] += 1
        self._firsts.setdefault(cause, problem)
        if about is not None:
            self._following.setdefault(about, Counter())[cause] += 1
        if len(self._noted) < MAX_KEPT:
            self._noted.append(_Noted(problem, cause, about))

    def withdraw(self, images: Collection[str]) -> None:
        """Take back the problems that follow from problems of these images."""
        withdrawn: Counter[str] = Counter()
        for about in images:
            withdrawn += self._following.pop(about, Counter())
        self._counts -= withdrawn
        self._noted = [noted for noted in self._noted if noted.about not in images] if withdrawn else self._noted
        for noted in reversed(self._noted):
            if noted.cause in withdrawn:
                self._firsts[noted.cause] = noted.problem

    @property
    def causes(self) -> list[Cause]:
        """Return what the problems come from, that of the most rows first."""
        return [Cause(self._firsts[cause], count) for cause, count in self._counts.most_common()]

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
