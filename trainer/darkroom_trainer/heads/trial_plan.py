"""Which heads are tried on what, and in which order.

Owns the sets of features and the rounds of the search: cheap kinds on every set first, expensive ones only on the sets
that did best. Pure.
"""

from collections.abc import Sequence
from typing import Final

from darkroom_trainer.features.block_names import BACKBONE_PREFIX, is_of_network
from darkroom_trainer.heads.cross_validation import HeadTrial, ScoredHead
from darkroom_trainer.heads.fits.families import GRIDS, Family

GREY_SETS: Final = (
    ("grey8",),
    ("gradients7",),
    ("grey16", "gradients7"),
    ("edges7",),
    ("gradients4", "textures"),
    ("grey16", "gradients7", "edges7", "textures"),
)
COLOUR_SETS: Final = (
    ("grey8",),
    ("gradients7",),
    ("colours",),
    ("colour8",),
    ("edges7",),
    ("grey16", "gradients7"),
    ("colours", "textures"),
    ("colour8", "gradients7", "edges7", "colours", "textures"),
)
MOST_VIEWS: Final = 6
MOST_NETWORK_VIEWS: Final = 0
VIEWED_ROWS: Final = 2_000
"""Rows with all their views, about: few images are seen in many ways."""
MOST_KERNEL_LABELS: Final = 300
MANY_ROWS: Final = 1_000
"""From these on, kernels are tried on the best set alone."""
LEAST_JOINED_ROWS: Final = 200
"""Rows from which pretrained and hand-made features are tried together."""
LEAST_LOGISTIC_ROWS: Final = 200
"""With fewer rows the closed forms do as well, at a part of the time."""


def list_sets(*, has_colour: bool, backbones: Sequence[str], rows: int) -> list[tuple[str, ...]]:
    """Return the sets of features: those of pretrained networks first, then hand-made ones, cheap ones first.

    Both side by side come last, where there are enough rows to tell what that is worth.
    """
    plain = list(COLOUR_SETS if has_colour else GREY_SETS)
    frozen = [BACKBONE_PREFIX + name for name in backbones]
    joined = [(name, *plain[-1]) for name in frozen] if rows >= LEAST_JOINED_ROWS else []
    return [*((name,) for name in frozen), *plain, *joined]


def count_views(rows: int, *, has_views: bool) -> int:
    """Return how many views of each image are worth their time."""
    return min(MOST_VIEWS, max(1, VIEWED_ROWS // max(1, rows))) if has_views else 0


def plan_first(sets: Sequence[tuple[str, ...]], num_views: int, *, is_multilabel: bool) -> list[HeadTrial]:
    """Return the first round: the cheap kinds on every set."""
    main = Family.RIDGE if is_multilabel else Family.DISCRIMINANT
    kinds = (main, Family.NEIGHBOURS)
    return [build_trial(blocks, family, num_views) for blocks in sets for family in kinds]


def plan_second(
    ranked: Sequence[ScoredHead], num_views: int, rows: int, num_labels: int, *, is_multilabel: bool
) -> list[HeadTrial]:
    """Return the second round: the expensive kinds on the best sets, and the best without views."""
    sets = list(dict.fromkeys(scored.trial.blocks for scored in ranked))
    most = 2 if rows < MANY_ROWS else 1
    trials = [
        build_trial(blocks, Family.KERNEL, num_views) for blocks in sets[:most] if num_labels <= MOST_KERNEL_LABELS
    ]
    family = ranked[0].trial.family
    if build_trial(sets[0], family, num_views).num_views:
        trials.append(build_trial(sets[0], family, 0))
    if not is_multilabel:
        trials.append(build_trial(sets[0], Family.RIDGE, num_views))
    trials.append(build_trial(sets[0], Family.PROTOTYPES, num_views))
    if is_multilabel or rows >= LEAST_LOGISTIC_ROWS:
        trials.append(build_trial(sets[0], Family.LOGISTIC, num_views))
    return trials


def build_trial(blocks: tuple[str, ...], family: Family, num_views: int) -> HeadTrial:
    """Return the trial at all settings of its kind; a view costs a network more than it gives."""
    has_network = any(is_of_network(block) for block in blocks)
    return HeadTrial(blocks, family, min(num_views, MOST_NETWORK_VIEWS) if has_network else num_views, GRIDS[family])
