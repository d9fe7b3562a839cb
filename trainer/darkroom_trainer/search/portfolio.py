"""The recipes that a search tries, best hope first.

Owns the fixed portfolio of changes to the recipe that the ladder chose. A budget pays for few
trials, with which a fixed portfolio leaves little for a learned search to win. Must not train.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from darkroom_api.v1alpha1.common import Task
from darkroom_trainer.augmentation import policies
from darkroom_trainer.loop.recipe import Recipe, find_kind


@dataclass(frozen=True)
class RecipeChange:
    """What differs from the base recipe."""

    rate_scale: float = 1.0
    augmentation: str | None = None


RECIPE_CHANGES: Final[dict[Task, tuple[RecipeChange, ...]]] = {
    Task.CLASSIFIER: (
        RecipeChange(),
        RecipeChange(augmentation="strong"),
        RecipeChange(augmentation="standard"),
        RecipeChange(rate_scale=0.35),
        RecipeChange(augmentation="standard+flip"),
        RecipeChange(augmentation="standard+mix"),
        RecipeChange(rate_scale=2.0),
        RecipeChange(augmentation="light"),
    ),
    Task.DETECTOR: (
        RecipeChange(),
        RecipeChange(rate_scale=0.5),
        RecipeChange(augmentation="strong"),
        RecipeChange(augmentation="standard"),
        RecipeChange(augmentation="standard+mosaic"),
        RecipeChange(augmentation="standard+flip"),
        RecipeChange(rate_scale=2.0),
        RecipeChange(augmentation="light"),
    ),
}
"""After the base come a stronger augmentation and a slower rate, whose merits depend most on the set."""


def list_recipes(task: Task, labels: tuple[str, ...], measured: Sequence[Recipe]) -> tuple[Recipe, ...]:
    """Return the recipes to try for a task's tags, best hope first; `measured` are those that were timed, best last."""
    *rivals, chosen = measured
    return build_portfolio(task, chosen, choose_others(chosen, rivals), may_mirror=policies.may_mirror(labels))


def build_portfolio(
    task: Task, base: Recipe, others: Sequence[Recipe] = (), *, may_mirror: bool = True
) -> tuple[Recipe, ...]:
    """Return the base recipe, `others` (of other backbones or other trained stages), and the base recipe changed.

    Where a base starts from pretrained weights, the others come first: whether such features suit a set differs more
    between sets than how they are trained. Where tags change in a mirror, none of them mirrors images.
    """
    kind = find_kind(task)
    allowed = [one for one in RECIPE_CHANGES[kind] if _is_allowed(one, base, may_mirror=may_mirror)]
    varied = [_apply_change(base, change) for change in allowed]
    fitted = [replace(other, image_size_px=_fit_size(kind, base, other)) for other in others]
    unlike = 1 if base.trained_stages is not None else 2
    ordered = [*varied[:unlike], *fitted, *varied[unlike:]]
    return tuple(dict.fromkeys(ordered))


def choose_others(base: Recipe, measured: Sequence[Recipe]) -> list[Recipe]:
    """Return the rivals of a base recipe among those that were measured, best last: one of each network and part."""
    parts = {(one.backbone, one.trained_stages): one for one in measured}
    return [one for part, one in reversed(parts.items()) if part != (base.backbone, base.trained_stages)]


def _fit_size(kind: Task, base: Recipe, other: Recipe) -> int:
    """Return the size of another network's images: a classifier shrinks the base's to its own, boxes are as decoded."""
    return base.image_size_px if kind is Task.DETECTOR else min(base.image_size_px, other.image_size_px)


def _is_allowed(change: RecipeChange, base: Recipe, *, may_mirror: bool) -> bool:
    """Return whether a change suits the set's tags and the base: maps that are kept are those of one image each."""
    options = (change.augmentation or "").split("+")[1:]
    return (may_mirror or "flip" not in options) and not (base.kept_views and {"mix", "mosaic"} & set(options))


def _apply_change(base: Recipe, change: RecipeChange) -> Recipe:
    rate = base.peak_learning_rate * change.rate_scale
    return replace(base, peak_learning_rate=rate, augmentation=change.augmentation or base.augmentation)
