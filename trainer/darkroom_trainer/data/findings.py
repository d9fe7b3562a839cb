"""Collects what is wrong with a dataset. Must not do: decide what is wrong."""

from typing import Final

from darkroom_api.v1alpha1.dataset import Problem

MAX_KEPT: Final = 10_000
"""Problems kept in full; beyond that they are only counted, so a broken file of a million lines stays readable."""
_MAX_TEXT: Final = 512


class Findings:
    """Problems (the dataset cannot be used) and warnings (it can), each with its subject: file and id."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.problem_count = 0
        self.warnings: list[Problem] = []

    def add(self, subject: str, message: str) -> None:
        """Note a problem."""
        self.problem_count += 1
        if len(self.problems) < MAX_KEPT:
            self.problems.append(_build(subject, message))

    def warn(self, subject: str, message: str) -> None:
        """Note something that a user should know and that stops nothing."""
        if len(self.warnings) < MAX_KEPT:
            self.warnings.append(_build(subject, message))


def _build(subject: str, message: str) -> Problem:
    return Problem(subject=_shorten(subject), message=_shorten(message))


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"
