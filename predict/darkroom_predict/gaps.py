"""Which tag of a product recognizer names the empty places of a shelf; all others are products.

Must not import torch: answers are written without it.
"""

from collections.abc import Sequence
from typing import Final

GAP_NAME: Final = "gap"
NO_GAP: Final = -1


def is_gap(label: str) -> bool:
    """Return whether a tag names empty places, in whatever case."""
    return label.strip().casefold() == GAP_NAME


def find_gap(labels: Sequence[str]) -> int:
    """Return the index of the gap among the labels; NO_GAP where there is none."""
    return next((at for at, label in enumerate(labels) if is_gap(label)), NO_GAP)
