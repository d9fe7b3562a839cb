"""What an image of a project teaches: its tags and boxes as Darkroom takes them, or why it teaches nothing.

Pure. Must not do: I/O, or leave anything out without a word.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_migrate.answers import ImageRegion, ServedImage, Tag
from darkroom_migrate.errors import MigrationError

_MAX_NAME: Final = 256

Box = tuple[float, float, float, float]


class Use(Enum):
    """Where an image belongs."""

    TRAINING = "train.json"
    UNLABELLED = "unlabelled.json"
    LEFT_OUT = "no file"


@dataclass(frozen=True)
class TagBook:
    """The tags of a project: `names` in the order of their numbers from 1, `numbers` by id, and the Negative ones."""

    names: tuple[str, ...]
    numbers: dict[str, int]
    negative: frozenset[str]


@dataclass(frozen=True)
class Labels:
    """What an image teaches: numbers of tags, in detection each with a box. `remarks` say what was not taken."""

    use: Use
    tags: tuple[int, ...] = ()
    boxes: tuple[Box, ...] = ()
    remarks: tuple[str, ...] = ()


def build_tag_book(tags: Iterable[Tag]) -> TagBook:
    """Return the tags, numbered by name; MigrationError for a name that no Dataset takes."""
    ordered = sorted(tags, key=lambda tag: (tag.name, tag.id))
    positive = [tag for tag in ordered if (tag.type or "").lower() != "negative"]
    for tag in positive:
        if not tag.name.strip() or len(tag.name) > _MAX_NAME or not tag.name.isprintable():
            said = f"is empty, longer than {_MAX_NAME} characters or holds one that cannot be shown"
            raise MigrationError(f"tag {tag.id}: its name {tag.name[:60]!r} {said}; rename it in the project")
    names = tuple(tag.name for tag in positive)
    doubled = next((name for at, name in enumerate(names[1:]) if name == names[at]), None)
    if doubled is not None:
        raise MigrationError(f"two tags are called {doubled!r}; rename one in the project")
    numbers = {tag.id: number for number, tag in enumerate(positive, start=1)}
    return TagBook(names, numbers, frozenset(tag.id for tag in ordered) - numbers.keys())


def read_labels(image: ServedImage, kind: AnnotationKind, book: TagBook) -> Labels:
    """Return what an image teaches in a project of this kind."""
    own = [tag.tag_id for tag in image.tags or ()]
    regions = image.regions or [] if kind is AnnotationKind.DETECTION else []
    named = [*own, *(region.tag_id for region in regions)]
    unknown = next((tag for tag in named if tag not in book.numbers and tag not in book.negative), None)
    if unknown is not None:
        return Labels(Use.UNLABELLED, remarks=(f"its tag {unknown[:64]!r} is none of the project's",))
    if not named:
        return Labels(Use.UNLABELLED)
    positive = tuple(sorted({book.numbers[tag] for tag in own if tag in book.numbers}))
    if kind is AnnotationKind.DETECTION:
        return _read_regions([region for region in regions if region.tag_id in book.numbers], positive, book)
    if kind is AnnotationKind.MULTILABEL:
        return Labels(Use.TRAINING, positive)
    if len(positive) > 1:
        names = ", ".join(repr(book.names[number - 1]) for number in positive)
        said = f"has {len(positive)} tags ({names}) in a project of one tag an image; leave it one"
        return Labels(Use.UNLABELLED, remarks=(said,))
    return Labels(Use.TRAINING, positive) if positive else Labels(Use.LEFT_OUT)


def _read_regions(regions: list[ImageRegion], positive: tuple[int, ...], book: TagBook) -> Labels:
    if not regions:
        # The Negative tag says that nothing is in the image; another tag says that something is, and not where.
        said = ("has a tag and no region; draw one around what it names",)
        return Labels(Use.UNLABELLED, remarks=said) if positive else Labels(Use.TRAINING)
    cut = [(region, cut_box(region)) for region in regions]
    kept = [(book.numbers[region.tag_id], box) for region, box in cut if box is not None]
    remarks = tuple(
        f"region {(region.region_id or 'without an id')[:64]!r} has no area inside the image, and is left out"
        for region, box in cut
        if box is None
    )
    use = Use.TRAINING if kept else Use.UNLABELLED
    return Labels(use, tuple(tag for tag, _ in kept), tuple(box for _, box in kept), remarks)


def cut_box(region: ImageRegion) -> Box | None:
    """Return [left, top, width, height] cut at the edges of the image; None where nothing is left."""
    numbers = [_read_number(value) for value in (region.left, region.top, region.width, region.height)]
    left, top, width, height = numbers
    across, down = _cut(left, width), _cut(top, height)
    return None if across is None or down is None else (across[0], down[0], across[1], down[1])


def _cut(begin: float, length: float) -> tuple[float, float] | None:
    if not (math.isfinite(begin) and math.isfinite(length)):
        return None
    end = begin + length
    if begin < 0 or end > 1:
        begin, end = max(begin, 0.0), min(end, 1.0)
        length = end - begin
    return (begin, length) if length > 0 else None


def _read_number(value: Any) -> float:
    """Return a number, NaN where it is none or none that a float holds."""
    try:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    except OverflowError:
        return math.nan
