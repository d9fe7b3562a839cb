"""The kinds of heads, with the grid of settings that each is tried at.

Owns the grids. All settings of a kind are fitted together where that is cheaper. Pure.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from itertools import groupby
from typing import Final

import torch

from darkroom_trainer.heads.fits import exemplars, linear
from darkroom_trainer.heads.fits.model import Head

Settings = dict[str, float]


class Family(StrEnum):
    """A kind of head."""

    DISCRIMINANT = "discriminant"
    RIDGE = "ridge"
    LOGISTIC = "logistic"
    KERNEL = "kernel"
    NEIGHBOURS = "neighbours"
    PROTOTYPES = "prototypes"


KINDS: Final[Mapping[Family, str]] = {
    Family.DISCRIMINANT: "linear",
    Family.RIDGE: "linear",
    Family.LOGISTIC: "linear",
    Family.KERNEL: "kernel",
    Family.NEIGHBOURS: "neighbours",
    Family.PROTOTYPES: "prototypes",
}
"""The form in which the model keeps each family."""

PENALTIES: Final = tuple({"penalty": 10.0 ** (step / 2 - 5)} for step in range(10))
GRIDS: Final[Mapping[Family, tuple[Settings, ...]]] = {
    Family.DISCRIMINANT: PENALTIES,
    Family.RIDGE: PENALTIES,
    Family.LOGISTIC: tuple({"penalty": 10.0**step} for step in (-5, -4, -3)),
    Family.KERNEL: tuple(
        {"width": width, "penalty": 10.0**step} for width in (0.25, 0.5, 1.0) for step in (-5, -4, -3, -2)
    ),
    Family.NEIGHBOURS: tuple({"width": width} for width in (4.0, 8.0, 16.0, 32.0)),
    Family.PROTOTYPES: ({},),
}


def fit_family(
    family: Family, batches: linear.Batches, grid: tuple[Settings, ...], *, is_multilabel: bool
) -> list[Head]:
    """Return a head for each of the settings, in their order."""
    return list(_FITS[family](batches, grid, is_multilabel))


def _fit_kernels(batches: linear.Batches, grid: tuple[Settings, ...], _is_multilabel: bool) -> list[Head]:
    points = _choose_points(batches)
    found: list[Head] = []
    for width, group in groupby(grid, key=lambda settings: settings["width"]):
        found += exemplars.fit_kernel(batches, points, width, [settings["penalty"] for settings in group])
    return found


def _choose_points(batches: linear.Batches) -> torch.Tensor:
    """Return all rows where they are few, else some of the first, which are images as they are."""
    found, count = [], 0
    for features, _ in batches.walk():
        found.append(features)
        count += len(features)
        if count >= exemplars.MOST_POINTS * 8:
            break
    return exemplars.choose_points(torch.cat(found))


def _penalties(grid: tuple[Settings, ...]) -> list[float]:
    return [settings["penalty"] for settings in grid]


_Fit = Callable[[linear.Batches, tuple[Settings, ...], bool], list[Head]]
_FITS: Final[Mapping[Family, _Fit]] = {
    Family.DISCRIMINANT: lambda batches, grid, _: [*linear.fit_discriminant(batches, _penalties(grid))],
    Family.RIDGE: lambda batches, grid, _: [*linear.fit_ridge(batches, _penalties(grid))],
    Family.LOGISTIC: lambda batches, grid, is_multilabel: [
        *linear.fit_logistic(batches, _penalties(grid), is_multilabel=is_multilabel)
    ],
    Family.KERNEL: _fit_kernels,
    Family.NEIGHBOURS: lambda batches, grid, is_multilabel: [
        *exemplars.fit_neighbours(batches, [settings["width"] for settings in grid], is_multilabel=is_multilabel)
    ],
    Family.PROTOTYPES: lambda batches, _, __: [*exemplars.fit_prototypes(batches)],
}
