"""The two photographs that scikit-learn ships, in halves: the left ones for training, the right ones for evaluation.

Owns the source, its licence and the split. No pixel of a photograph is in both parts. Must not do: draw.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageFilter
from sklearn.datasets import load_sample_image

from darkroom_trainer.samples.digits import Part, Pixels

LICENCE: Final = {
    "id": 1,
    "name": "CC BY 2.0; changed from china.jpg by danielbuechele and flower.jpg by vultilion, both on flickr.com",
    "url": "https://creativecommons.org/licenses/by/2.0/",
}
"""In COCO's form. Pictures made from the photographs keep it: whoever passes them on names both photographers. For the
flower, scikit-learn's list links to vultilion's photograph but repeats the other name; the link counts."""

_FLOWER_MIDDLE: Final = (306, 222)
"""Of the dahlia in its photograph; the halves are cut here, so that each shows half of it."""
_FLOWER_RADIUS: Final = 141
_LEAVES_WIDTH: Final = 155
"""What is left of a half beside the dahlia."""
_MARGIN: Final = 12
"""Room around the dahlia for the filters that smooth its outline."""


@dataclass(frozen=True)
class Photographs:
    """One part's share: a cut-out dahlia, the leaves beside it, and half a landscape with a pavilion."""

    dahlia: Image.Image
    leaves: Pixels
    landscape: Pixels


def load_half(part: Part) -> Photographs:
    """Return the left half of both photographs for training, the right half for evaluation."""
    flower = cut_half(load_sample_image("flower.jpg"), part, _FLOWER_MIDDLE[0])
    landscape = load_sample_image("china.jpg")
    leaves = flower[:, :_LEAVES_WIDTH] if part is Part.TRAIN else flower[:, -_LEAVES_WIDTH:]
    return Photographs(_cut_out_dahlia(flower, part), leaves, cut_half(landscape, part, landscape.shape[1] // 2))


def cut_half(photograph: Pixels, part: Part, column: int) -> Pixels:
    """Return the part's side of a column."""
    return photograph[:, :column] if part is Part.TRAIN else photograph[:, column:]


def _cut_out_dahlia(half: Pixels, part: Part) -> Image.Image:
    """Return a whole dahlia, RGBA, from its half: a dahlia is symmetric enough to be completed by its mirror image."""
    reach, row = _FLOWER_RADIUS + _MARGIN, _FLOWER_MIDDLE[1]
    rows = half[row - reach : row + reach]
    side = rows[:, -reach:] if part is Part.TRAIN else rows[:, :reach]
    pair = (side, side[:, ::-1]) if part is Part.TRAIN else (side[:, ::-1], side)
    whole = np.concatenate(pair, axis=1)
    dahlia = Image.fromarray(whole)
    dahlia.putalpha(_find_outline(whole))
    return dahlia


def _find_outline(pixels: Pixels) -> Image.Image:
    """Return the mask of the petals: the only warm and light colours within the dahlia's radius."""
    red, blue = pixels[:, :, 0].astype(int), pixels[:, :, 2].astype(int)
    reach = len(pixels) // 2
    rows, columns = np.mgrid[-reach:reach, -reach:reach]
    petals = (red > 95) & (red > blue + 15) & (np.hypot(rows, columns) < _FLOWER_RADIUS)
    mask = Image.fromarray(petals.astype(np.uint8) * 255)
    closed = mask.filter(ImageFilter.MaxFilter(9)).filter(ImageFilter.MinFilter(13))
    return closed.filter(ImageFilter.GaussianBlur(1.2))
