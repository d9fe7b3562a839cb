"""Photos of one shelf, each sharing a part with its neighbour, joined into one picture.

Owns how photos are registered and blended, and when a pair is refused. The only module that imports OpenCV, which the
extra `shelf` brings.

The order is known, from left to right and then from the top down, so that each photo is registered on one neighbour
alone: OpenCV's own Stitcher compares all with all, and on shelves, which repeat themselves, it leaves photos out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from darkroom_shelf.composition.corners import list_corners, measure_edges, measure_turns
from darkroom_shelf.composition.photos import MAX_OUTPUT_PIXELS
from darkroom_shelf.errors import ShelfProblem, StitchingMissing
from darkroom_shelf.places import Floats

try:
    import cv2
except ModuleNotFoundError as error:
    raise StitchingMissing from error

Pixels = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]

MAX_SIDE_PX: Final = 65_500
"""Of a JPEG, in libjpeg."""
MAX_WARPED_PIXELS: Final = 200_000_000
"""Of all photos as they lie in the picture, which is work for each: one may lie over all others, and be enlarged."""
MAX_MATCHED_SIDE_PX: Final = 1_600
"""Photos are shrunk so far to be registered; the picture is made of them as they are."""
MAX_FEATURES: Final = 6_000
RATIO: Final = 0.75
"""Of the distances to the nearest and the next descriptor: what repeats itself is not used."""
REACH_PX: Final = 3.0
LEAST_INLIERS: Final = 25
LEAST_INLIER_SHARE: Final = 0.2
SCALES: Final = (0.5, 2.0)
MAX_SHEAR: Final = 0.35
MAX_BEND: Final = 0.7
"""Of the logarithm of two opposite edges: how far the homography may make one end of a photo larger than the other."""
LEAST_DEPTH: Final = 1e-3
"""Of the first corner's; a corner that is nearer to the horizon would lie a thousand times as far away."""
GOOD_OVERLAP: Final = 0.25
"""Of a photo, shared with the one before: with less that is hardly its neighbour, so the others are looked at too."""
_GRID: Final = 21
SEAM_PIXELS: Final = 300_000
"""Pixels of a photo, shrunk, in which a seam is looked for."""
BANDS: Final = 4
TILE_PX: Final = 2_048
MARGIN_PX: Final = 128
"""Around a tile, as far as four bands reach; both are multiples of a pixel of the last one, so that tiles agree."""


@dataclass(frozen=True)
class _Features:
    """What a photo is recognized by, in its own pixels."""

    points: Floats
    descriptors: Pixels
    size: tuple[int, int]


@dataclass(frozen=True)
class _Link:
    """A photo on a neighbour: the homography, how many features agree on it, and the share of the photo on it."""

    neighbour: int
    homography: Floats
    inliers: int
    overlap: float


def stitch(photos: Sequence[Image.Image]) -> Image.Image:
    """Return the photos as one picture; raises ShelfProblem naming the pair that does not fit."""
    homographies = register_all(photos)
    shift, size = _lay_out([photo.size for photo in photos], homographies)
    return _blend(photos, [shift @ one for one in homographies], size)


def register_all(photos: Sequence[Image.Image]) -> list[Floats]:
    """Return the homography of each photo onto the first; raises ShelfProblem naming the pair that does not fit."""
    return _chain([_find_features(photo) for photo in photos])


def _find_features(photo: Image.Image) -> _Features:
    shrink = min(1.0, MAX_MATCHED_SIDE_PX / max(photo.size))
    size = (max(1, round(photo.width * shrink)), max(1, round(photo.height * shrink)))
    grey = np.asarray(photo.convert("L").resize(size, Image.Resampling.BOX))
    points, descriptors = cv2.SIFT.create(nfeatures=MAX_FEATURES).detectAndCompute(grey, None)
    if descriptors is None:
        return _Features(np.empty((0, 2)), np.empty((0, 128), np.uint8), photo.size)
    # The middle of a pixel keeps its place when a photo is shrunk, its corner does not.
    own = (np.array([point.pt for point in points]) + 0.5) / shrink - 0.5
    return _Features(own, descriptors, photo.size)


def _chain(features: Sequence[_Features]) -> list[Floats]:
    """Return the homography of each photo onto the first, by way of its best neighbour before it.

    That is the photo before; at the beginning of a further row it is the one above, which only matching tells.
    """
    found: list[Floats] = [np.eye(3)]
    for number in range(1, len(features)):
        link = _find_link(features, number, found)
        found.append(found[link.neighbour] @ link.homography)
    return found


def _find_link(features: Sequence[_Features], number: int, before: Sequence[Floats]) -> _Link:
    left = _register(features[number], features[number - 1], number - 1)
    if left is not None and left.overlap >= GOOD_OVERLAP:
        return left
    others = [_register(features[number], features[other], other) for other in range(len(before) - 1)]
    links = [link for link in (left, *others) if link is not None]
    if not links:
        pair = f"images[{number - 1}] and images[{number}]"
        text = f"{pair} do not overlap, as far as can be seen; give photos of which neighbours share about half"
        raise ShelfProblem(text, "images")
    return max(links, key=lambda link: link.inliers)


def _register(photo: _Features, onto: _Features, neighbour: int) -> _Link | None:
    """Return how a photo lies on another; None where it does not, or only by bending it beyond what a camera does."""
    if min(len(photo.points), len(onto.points)) < LEAST_INLIERS:
        return None
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    pairs = [pair for pair in matcher.knnMatch(photo.descriptors, onto.descriptors, k=2) if len(pair) == 2]
    good = [first for first, second in pairs if first.distance < RATIO * second.distance]
    if len(good) < LEAST_INLIERS:
        return None
    source = photo.points[[match.queryIdx for match in good]]
    target = onto.points[[match.trainIdx for match in good]]
    reach = REACH_PX * max(1.0, max(photo.size) / MAX_MATCHED_SIDE_PX)
    cv2.setRNGSeed(0)  # the same photos give the same picture
    homography, inliers = cv2.findHomography(source, target, cv2.USAC_MAGSAC, reach, maxIters=5_000, confidence=0.999)
    if homography is None or not is_plausible(homography, photo.size):
        return None
    count = int(inliers.sum())
    is_enough = count >= LEAST_INLIERS and count >= LEAST_INLIER_SHARE * len(good)
    overlap = _measure_overlap(homography, photo.size, onto.size)
    return _Link(neighbour, homography, count, overlap) if is_enough else None


def _measure_overlap(homography: Floats, size: tuple[int, int], onto: tuple[int, int]) -> float:
    """Return the share of a photo that lies on another, by a grid of points."""
    grid = np.stack(np.meshgrid(*(np.linspace(0, side, _GRID) for side in size)), axis=-1).reshape(-1, 2)
    found = project(homography, grid)
    return float(((found >= 0) & (found <= onto)).all(axis=1).mean())


def is_plausible(homography: Floats, size: tuple[int, int]) -> bool:
    """Return whether a camera that was moved along a shelf could see a photo of this size so."""
    width, height = size
    corners = _outline(homography, size)
    edges, lengths = measure_edges(corners)
    lengths = lengths / (width, height, width, height)
    if (measure_turns(edges) <= 0).any() or lengths.min() < SCALES[0] or lengths.max() > SCALES[1]:
        return False
    shear = abs(float(edges[0] @ edges[1])) / float(np.linalg.norm(edges[0]) * np.linalg.norm(edges[1]))
    bend = max(abs(np.log(lengths[0] / lengths[2])), abs(np.log(lengths[1] / lengths[3])))
    return shear <= MAX_SHEAR and bool(bend <= MAX_BEND)


def project(homography: Floats, points: Floats) -> Floats:
    """Return where points (N, 2) go."""
    found = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return np.asarray(found[:, :2] / found[:, 2:])


def _outline(homography: Floats, size: tuple[int, int]) -> Floats:
    return project(homography, list_corners(*size))


def is_before_camera(homography: Floats, size: tuple[int, int]) -> bool:
    """Return whether no corner of a photo goes beyond the horizon, as by many photos that each bend a little."""
    depths = list_corners(*size) @ homography[2, :2] + homography[2, 2]
    return bool((depths > LEAST_DEPTH * homography[2, 2]).all() and homography[2, 2] > 0)


def _lay_out(sizes: Sequence[tuple[int, int]], homographies: Sequence[Floats]) -> tuple[Floats, tuple[int, int]]:
    """Return the shift that puts all photos into a picture, and its size; raises ShelfProblem where it is too large."""
    for number, (size, homography) in enumerate(zip(sizes, homographies, strict=True)):
        if not is_before_camera(homography, size):
            text = f"images[{number}] is seen from beside, by way of those before it; give photos taken from the front"
            raise ShelfProblem(text, "images")
    outlines = [_outline(homography, size) for size, homography in zip(sizes, homographies, strict=True)]
    corners = np.concatenate(outlines)
    low, high = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
    width, height = (int(side) for side in high - low)
    if width * height > MAX_OUTPUT_PIXELS or max(width, height) > MAX_SIDE_PX:
        text = f"the picture would have {width:,} x {height:,} pixels, at most {MAX_OUTPUT_PIXELS:,} in all"
        raise ShelfProblem(f"{text}; give smaller photos", "images")
    warped = sum(int(np.prod(np.ceil(one.max(axis=0)) - np.floor(one.min(axis=0)))) for one in outlines)
    if warped > MAX_WARPED_PIXELS:
        text = f"the photos as they lie in the picture have {warped:,} pixels, at most {MAX_WARPED_PIXELS:,} together"
        raise ShelfProblem(f"{text}; give fewer or smaller ones, the first as large as the others", "images")
    shift = np.eye(3)
    shift[:2, 2] = -low
    return shift, (width, height)


@dataclass(frozen=True)
class _Placed:
    """A photo, its homography onto the picture, and the least rectangle around it there, from `low` on."""

    pixels: Pixels
    homography: Floats
    low: Integers
    size: Integers

    def warp(self, low: Integers, size: Integers) -> tuple[Pixels, Pixels]:
        """Return a part of the picture as the photo has it, and which of its pixels are the photo's."""
        onto, target = _shift(-low) @ self.homography, (int(size[0]), int(size[1]))
        # Beyond its border a photo is mirrored, for the blending looks a little further than the seam.
        pixels = cv2.warpPerspective(self.pixels, onto, target, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        mask = cv2.warpPerspective(np.full(self.pixels.shape[:2], 255, np.uint8), onto, target)
        mask[mask < 255] = 0
        return pixels, mask

    def shrink(self, factor: float) -> "_Placed":
        """Return it in a picture of which each side is `factor` times as long."""
        height, width = (max(1, round(side * factor)) for side in self.pixels.shape[:2])
        pixels = cv2.resize(self.pixels, (width, height), interpolation=cv2.INTER_AREA)
        scale = np.diag([factor, factor, 1.0])
        low = np.round(self.low * factor).astype(np.int64)
        size = np.maximum(1, np.round(self.size * factor)).astype(np.int64)
        return _Placed(pixels, scale @ self.homography @ np.linalg.inv(scale), low, size)


def _shift(by: Integers) -> Floats:
    shift = np.eye(3)
    shift[:2, 2] = by
    return shift


def _place(photo: Image.Image, homography: Floats, size: tuple[int, int]) -> _Placed:
    outline = _outline(homography, photo.size)
    low = np.maximum(np.floor(outline.min(axis=0)), 0).astype(np.int64)
    high = np.minimum(np.ceil(outline.max(axis=0)), size).astype(np.int64)
    return _Placed(np.asarray(photo), homography, low, high - low)


def _blend(photos: Sequence[Image.Image], homographies: Sequence[Floats], size: tuple[int, int]) -> Image.Image:
    """Return the picture: seams where photos differ least, light made even, edges softened over a few bands.

    It is made in tiles: the bands of a whole one, and all photos as they lie in it, would take gigabytes.
    """
    placed = [_place(photo, homography, size) for photo, homography in zip(photos, homographies, strict=True)]
    seams = _cut_seams(placed)
    picture = Image.new("RGB", size)
    for top in range(0, size[1], TILE_PX):
        for left in range(0, size[0], TILE_PX):
            low = np.array((left, top))
            tile = _blend_tile(placed, seams, low, np.minimum(TILE_PX, np.array(size) - low))
            picture.paste(Image.fromarray(tile), (left, top))
    return picture


def _blend_tile(placed: Sequence[_Placed], seams: Sequence[Pixels], low: Integers, size: Integers) -> Pixels:
    """Return a tile of the picture, which is what it would be in the whole: bands reach no further than the margin."""
    begin, around = low - MARGIN_PX, size + 2 * MARGIN_PX
    blender = cv2.detail.MultiBandBlender()
    blender.setNumBands(BANDS)
    blender.prepare((0, 0, int(around[0]), int(around[1])))
    for photo, seam in zip(placed, seams, strict=True):
        if (begin >= photo.low + photo.size).any() or (begin + around <= photo.low).any():
            continue
        pixels, mask = photo.warp(begin, around)
        blender.feed(pixels.astype(np.int16), _enlarge(seam, photo, begin, around) & mask, (0, 0))
    blended, _ = blender.blend(None, None)
    inner = blended[MARGIN_PX : MARGIN_PX + size[1], MARGIN_PX : MARGIN_PX + size[0]]
    return np.asarray(np.clip(inner, 0, 255), dtype=np.uint8)


def _enlarge(seam: Pixels, photo: _Placed, low: Integers, size: Integers) -> Pixels:
    """Return a part of the picture of what a photo shows, given for its rectangle on a small copy."""
    scale = np.array(seam.shape[::-1]) / photo.size
    offset = (low - photo.low + 0.5) * scale - 0.5
    from_small = np.column_stack([np.diag(scale), offset])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    target = (int(size[0]), int(size[1]))
    return np.asarray(cv2.warpAffine(seam, from_small, target, flags=flags, borderMode=cv2.BORDER_REPLICATE))


def _cut_seams(placed: Sequence[_Placed]) -> list[Pixels]:
    """Return which pixels of each photo's rectangle are shown, on small copies, cut through what they share."""
    factor = min(1.0, (SEAM_PIXELS / max(int(np.prod(photo.size)) for photo in placed)) ** 0.5)
    small = [photo.shrink(factor) for photo in placed]
    warped = [photo.warp(photo.low, photo.size) for photo in small]
    finder: Any = cv2.detail.GraphCutSeamFinder("COST_COLOR_GRAD")
    cut = finder.find(
        [pixels.astype(np.float32) for pixels, _ in warped],
        [(int(photo.low[0]), int(photo.low[1])) for photo in small],
        [mask for _, mask in warped],
    )
    # One small pixel further, so that no line stays empty between two photos.
    return [cv2.dilate(part if isinstance(part, np.ndarray) else part.get(), np.ones((3, 3), np.uint8)) for part in cut]
