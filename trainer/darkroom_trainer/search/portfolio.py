"""The recipes that a search tries, best hope first.

Owns the fixed portfolio of variations on the recipe that the ladder chose. With the few trials that a budget pays, a
fixed portfolio leaves little for a learned search to win (training.md, section 3). Must not train.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.loop.recipe import Recipe, find_kind


@dataclass(frozen=True)
class Variation:
    """What differs from the base recipe."""

    rate_scale: float = 1.0
    augmentation: str | None = None


VARIATIONS: Final[dict[Task, tuple[Variation, ...]]] = {
    Task.CLASSIFIER: (
        Variation(),
        Variation(augmentation="strong"),
        Variation(augmentation="standard"),
        Variation(rate_scale=0.35),
        Variation(augmentation="standard+flip"),
        Variation(augmentation="standard+mix"),
        Variation(rate_scale=2.0),
        Variation(augmentation="light"),
    ),
    Task.DETECTOR: (
        Variation(),
        Variation(rate_scale=0.5),
        Variation(augmentation="strong"),
        Variation(augmentation="standard"),
        Variation(augmentation="standard+mosaic"),
        Variation(augmentation="standard+flip"),
        Variation(rate_scale=2.0),
        Variation(augmentation="light"),
    ),
}
"""After the base come a stronger variation and a slower one, whose merits depend most on the set (docs/training.md)."""


def build_portfolio(
    task: Task, base: Recipe, others: Sequence[Recipe] = (), *, may_mirror: bool = True
) -> tuple[Recipe, ...]:
    """Return the base recipe, its variations, and `others` (of another backbone) after the second of them.

    Where tags change in a mirror, no variation has one.
    """
    kind = find_kind(task)
    allowed = [one for one in VARIATIONS[kind] if may_mirror or "flip" not in (one.augmentation or "")]
    varied = [_vary(base, variation) for variation in allowed]
    same_size = [replace(other, image_size_px=base.image_size_px) for other in others]
    ordered = [*varied[:2], *same_size, *varied[2:]]
    return tuple(dict.fromkeys(ordered))


def _vary(base: Recipe, variation: Variation) -> Recipe:
    rate = base.peak_learning_rate * variation.rate_scale
    return replace(base, peak_learning_rate=rate, augmentation=variation.augmentation or base.augmentation)
