"""Right guesses, false guesses and misses of each tag, and what follows: precision, recall, F1, confusion.

Owns the averages over tags. Must not know where guesses come from; images and boxes are counted alike.
"""

from dataclasses import dataclass

import numpy as np

from darkroom_predict.predictions import Integers
from darkroom_trainer.metrics.statistics.curves import Flags, Scores


@dataclass(frozen=True)
class Counts:
    """Of each tag (C,): guesses that are right, guesses that are false, and truths that were missed."""

    right: Integers
    false: Integers
    missed: Integers

    @property
    def truths(self) -> Integers:
        """Return how many truths each tag has."""
        return self.right + self.missed

    @property
    def precision(self) -> Scores:
        """Return the share of each tag's guesses that are right; 0 where it was never guessed."""
        return _divide(self.right, self.right + self.false)

    @property
    def recall(self) -> Scores:
        """Return the share of each tag's truths that were found; 0 where there are none."""
        return _divide(self.right, self.truths)

    @property
    def f1(self) -> Scores:
        """Return the harmonic mean of precision and recall of each tag."""
        return _divide(2 * self.right, 2 * self.right + self.false + self.missed)

    def sum(self) -> "Counts":
        """Return the counts of all tags together, as one tag."""
        return Counts(*(values.sum(keepdims=True) for values in (self.right, self.false, self.missed)))


@dataclass(frozen=True)
class Averages:
    """One number for all tags: `macro` their mean, `micro` of all together, `weighted` by their truths."""

    macro: float
    micro: float
    weighted: float


@dataclass(frozen=True)
class Summary:
    """Precision, recall and F1 over all tags, and the F1 of mean precision and mean recall."""

    precision: Averages
    recall: Averages
    f1: Averages
    f1_of_means: float


def count_guesses(answers: Integers, guesses: Integers, num_labels: int) -> Counts:
    """Count one guess (N,) for each answer (N,)."""
    right = np.bincount(answers[guesses == answers], minlength=num_labels)
    guessed, present = np.bincount(guesses, minlength=num_labels), np.bincount(answers, minlength=num_labels)
    return Counts(right, guessed - right, present - right)


def count_flags(relevant: Flags, guessed: Flags) -> Counts:
    """Count any number of guesses (N, C) against what is `relevant` (N, C)."""
    return Counts(
        (relevant & guessed).sum(axis=0), (guessed & ~relevant).sum(axis=0), (relevant & ~guessed).sum(axis=0)
    )


def summarize(counts: Counts) -> Summary:
    """Return the averages; recall's mean is over tags with truths, the others' over tags with truths or guesses."""
    total, present = counts.sum(), counts.truths > 0
    seen = present | (counts.false > 0)
    precision = _average(counts.precision, seen, counts, float(total.precision[0]))
    recall = _average(counts.recall, present, counts, float(total.recall[0]))
    f1 = _average(counts.f1, seen, counts, float(total.f1[0]))
    both = precision.macro + recall.macro
    return Summary(precision, recall, f1, 2 * precision.macro * recall.macro / both if both else 0.0)


def compute_balanced_accuracy(counts: Counts) -> float:
    """Return the mean recall of the tags that have truths; 0 without any."""
    present = counts.truths > 0
    return float(counts.recall[present].mean()) if present.any() else 0.0


def build_confusion_matrix(answers: Integers, guesses: Integers, num_labels: int) -> Integers:
    """Return how often each answer (row) was guessed as each tag (column)."""
    pairs = answers.astype(np.int64) * num_labels + guesses
    return np.bincount(pairs, minlength=num_labels**2).reshape(num_labels, num_labels)


def _average(values: Scores, counted: Flags, counts: Counts, micro: float) -> Averages:
    macro = float(values[counted].mean()) if counted.any() else 0.0
    return Averages(macro, micro, float((values * counts.truths).sum() / max(1, counts.truths.sum())))


def _divide(part: Integers, whole: Integers) -> Scores:
    return np.asarray(part / np.maximum(1, whole), dtype=np.float64)
