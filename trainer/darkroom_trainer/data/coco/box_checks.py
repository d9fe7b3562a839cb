"""The boxes of one annotation file: brought into one form, checked, and cut at the edges of their images.

Owns the unit of boxes, what a box may reach over an edge, and signs that boxes are meant otherwise than they are read.
Pure: columns in, findings out. Must not do: I/O.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from darkroom_trainer.data.coco import box_conventions
from darkroom_trainer.data.coco.annotation_table import Flags, Floats
from darkroom_trainer.data.coco.box_conventions import DECLARED_NAMES, BoxConvention, BoxShape, BoxUnit
from darkroom_trainer.data.coco.documents import CocoFile
from darkroom_trainer.data.coco.identifiers import Integers
from darkroom_trainer.data.records.findings import Findings, Issue

TOLERANCE: Final = 1e-3
"""How far a box may reach over the edge, as a share of the side, before it is wrong; within it, or within one pixel,
it is cut. Labelling tools round, and some count pixels from 1."""
_NOISE: Final = 1e-6
"""A share over the edge that is not worth a word."""
_LEAST_BOXES: Final = 5
_LEAST_SHARE: Final = 0.1
"""Boxes, and the share of them outside their images, from which another shape that all fit in is suggested."""
_ADVICE_BITS: Final = 8.0
_PROBLEM_BITS: Final = 24.0
"""How often the chance must halve that boxes in pixels all stay below 100: to be told, and to be refused."""
_MAX_IMAGES: Final = 100


@dataclass(frozen=True)
class CheckedBoxes:
    """Boxes (N, 4), relative and cut at the edges; zero where a problem is noted.

    `in_pixels`: whether declared sizes were needed, so that they must be the real ones.
    """

    relative: Floats
    in_pixels: bool


def check_boxes(coco: CocoFile, usable: Flags, findings: Findings) -> CheckedBoxes:
    """Note every box of a `usable` row that is missing, not finite, empty or outside its image."""
    table = coco.annotations
    for row in np.flatnonzero(usable & ~table.has_box):
        findings.add(
            coco.name_annotation(row),
            "has no bbox; object detection needs [left, top, width, height], or a polygon in segmentation",
        )
    try:
        convention = coco.read_convention()
    except box_conventions.UnknownConvention as problem:
        findings.add(coco.name, str(problem))
        return CheckedBoxes(np.zeros((len(usable), 4)), in_pixels=False)
    return _BoxCheck(coco, convention, usable & table.has_box & ~table.refused, findings).run()


def are_absolute(boxes: Floats) -> bool:
    """Return whether boxes are in pixels: most of them have a value above 1.

    A box in pixels has one, unless it is smaller than a pixel; a relative one has none, unless it is wrong. So one
    wrong box does not turn a relative file into an absolute one whose boxes would all be specks.
    """
    return bool(len(boxes)) and bool((boxes > 1 + TOLERANCE).any(axis=1).mean() > 0.5)


class _BoxCheck:
    """One pass over the boxes of a file; `_sound` are the rows that no problem is noted for yet."""

    def __init__(self, coco: CocoFile, convention: BoxConvention, present: Flags, findings: Findings) -> None:
        self._coco = coco
        self._table = coco.annotations
        self._convention = convention
        self._sound = present
        self._findings = findings
        self._sides = {record.id: (record.width, record.height) for record in coco.images}

    def run(self) -> CheckedBoxes:
        """Return the boxes in the form that everything after this works with."""
        self._advise(self._sound & self._table.outlined, "have no bbox: the box around their polygon is taken")
        boxes = self._to_left_top()
        self._note_bad_numbers(boxes)
        in_pixels = self._find_pixels(boxes)
        sizes = self._find_sizes(in_pixels)
        self._judge_specks(boxes, in_pixels)
        self._judge_percent(boxes, in_pixels, sizes)
        boxes, turned = self._turn(boxes, in_pixels)
        with np.errstate(invalid="ignore", over="ignore"):
            relative = boxes / sizes
        cut = _cut(relative)
        self._note_outside(relative, cut, turned, sizes)
        return CheckedBoxes(np.where(self._sound[:, None], cut, 0.0), bool(in_pixels.any()))

    def _to_left_top(self) -> Floats:
        """Return all boxes as [left, top, width, height]; those around polygons are that already."""
        if self._convention == BoxConvention():
            return self._table.boxes
        boxes = box_conventions.to_left_top(self._table.boxes, self._convention.shape)
        scale = 100 if self._convention.unit is BoxUnit.PERCENT else 1
        return np.where(self._table.outlined[:, None], self._table.boxes, boxes / scale)

    def _note_bad_numbers(self, boxes: Floats) -> None:
        finite: Flags = np.asarray(np.isfinite(boxes).all(axis=1))
        sized = (boxes[:, 2:] > 0).all(axis=1)
        for row in np.flatnonzero(self._sound & ~(finite & sized)):
            what = "width and height must be more than 0" if finite[row] else "holds a number that is not finite"
            self._refuse(row, f": {what}{self._explain_shape()}")
        self._sound = self._sound & finite & sized

    def _explain_shape(self) -> str:
        shape = self._convention.shape
        return "" if shape is BoxShape.LEFT_TOP_SIZE else f"; it is read as {shape}"

    def _refuse(self, row: np.intp, what: str) -> None:
        field = "the box around segmentation" if self._table.outlined[row] else self._coco.box_field
        numbers = ", ".join(f"{number:.6g}" for number in self._table.boxes[row])
        # What is wrong with a box may follow from a wrong size of its image.
        about = self._coco.identify_image(self._table.image_ids[row])
        self._findings.add(self._coco.name_annotation(row), f"{field} [{numbers}]{what}", about=about)

    def _find_pixels(self, boxes: Floats) -> Flags:
        """Return which rows are in pixels: as declared, or by their values, where polygons are judged by themselves."""
        outlined, unit = self._table.outlined, self._convention.unit
        finite = np.isfinite(boxes).all(axis=1)
        written = are_absolute(boxes[finite & ~outlined]) if unit is None else unit is BoxUnit.PIXELS
        return np.where(outlined, are_absolute(boxes[finite & outlined]), written)

    def _find_sizes(self, in_pixels: Flags) -> Floats:
        """Return what to divide each box by: ones for relative boxes, else the declared size of its image."""
        if not in_pixels.any():
            return np.ones((len(in_pixels), 4))
        for record in self._coco.images:
            if math.isnan(record.width) or math.isnan(record.height):
                self._findings.add(
                    self._coco.name_image(record), "has no usable width and height, which boxes in pixels need"
                )
        sides = np.where(in_pixels[:, None], self._get_sides(self._table.image_ids), 1.0)
        self._sound = self._sound & ~np.isnan(sides).any(axis=1)
        return np.concatenate([sides, sides], axis=1)

    def _get_sides(self, image_ids: Integers) -> Floats:
        """Return declared width and height (N, 2) of images, NaN where they are not known."""
        unknown = (math.nan, math.nan)
        sides = [self._sides.get(number, unknown) for number in image_ids.tolist()]
        return np.array(sides, dtype=np.float64).reshape(-1, 2)

    def _judge_specks(self, boxes: Floats, in_pixels: Flags) -> None:
        """Refuse boxes below one pixel where most are: relative ones that lie outside their images look like that."""
        judged = self._sound & in_pixels & ~self._table.outlined
        specks = judged & (boxes[:, 2:] < 1).all(axis=1)
        if self._convention.unit is not None or not specks.sum() > 0.5 * judged.sum():
            return
        name = DECLARED_NAMES[self._convention.shape]
        for row in np.flatnonzero(specks):
            self._refuse(
                row,
                ": as pixels it is smaller than one pixel, and as shares of the image's sides it reaches outside; "
                f'correct it, or declare "bbox_format": "{name}_pixels" at the top level of the file',
            )
        self._sound = self._sound & ~specks

    def _judge_percent(self, boxes: Floats, in_pixels: Flags, sizes: Floats) -> None:
        """Tell of boxes that are read as pixels and all stay below 100, though their images are larger."""
        rows = np.flatnonzero(self._sound & in_pixels & ~self._table.outlined)
        if self._convention.unit is not None or not len(rows):
            return
        if (boxes[rows, :2] + boxes[rows, 2:]).max() > 100 * (1 + TOLERANCE):
            return
        _, first = np.unique(self._table.image_ids[rows], return_index=True)
        sides = sizes[rows[first], :2]
        bits = np.log2(np.maximum(sides / 100, 1)).sum()
        width, height = sides.max(axis=0)
        name = DECLARED_NAMES[self._convention.shape]
        said = (
            f"no bbox reaches beyond 100 in {len(first):,} images of up to {width:g} x {height:g} pixels, so they look "
            f'like percent; declare "bbox_format": "{name}_percent" at the top level of the file, or "{name}_pixels"'
        )
        if bits >= _PROBLEM_BITS:
            self._findings.add(self._coco.name, said)
            self._sound[rows] = False  # that they are small, or outside a small image, follows from it
        elif bits >= _ADVICE_BITS:
            self._findings.advise(Issue.BOX_FORM, self._coco.name, said, score=0.0)

    def _turn(self, boxes: Floats, in_pixels: Flags) -> tuple[Floats, Flags]:
        """Return boxes around what annotations say is turned, and which rows these are."""
        degrees = self._table.rotation
        marked = self._sound & ~self._table.outlined & (degrees != 0)
        turned = marked & in_pixels & np.isfinite(degrees)
        self._advise(turned, "are turned: the box around the turned one is taken")
        self._advise(marked & ~turned, "have an angle that is not applied: write the box around the turned object")
        if not turned.any():
            return boxes, turned
        rows = boxes[turned]
        angle = np.radians(degrees[turned])[:, None]
        size = np.abs(np.cos(angle)) * rows[:, 2:] + np.abs(np.sin(angle)) * rows[:, [3, 2]]
        boxes = boxes.copy()
        boxes[turned] = np.concatenate([rows[:, :2] + (rows[:, 2:] - size) / 2, size], axis=1)
        return boxes, turned

    def _note_outside(self, relative: Floats, cut: Floats, turned: Flags, sizes: Floats) -> None:
        """Note boxes outside their images, and tell of those that only reach over an edge a little."""
        over = _measure_over(relative)
        reaching = np.flatnonzero(self._sound & ~turned & (over > _NOISE).any(axis=1))
        is_far = (over[reaching] > self._allow(reaching)).any(axis=1)
        nothing_left = self._sound & ~(cut[:, 2:] > 0).all(axis=1)
        outside = np.union1d(reaching[is_far], np.flatnonzero(nothing_left))
        shape = self._find_fitting_shape(outside, turned, sizes)
        if shape is not None:
            self._findings.add(
                self._coco.name,
                f"{len(outside):,} of {self._sound.sum():,} bbox reach outside their image as "
                f"{self._convention.shape}, and none does as {shape}; "
                f"{self._coco.advise_shape(DECLARED_NAMES[shape])}",
            )
        else:
            unit = self._convention.unit
            units = "all relative or all in pixels of the declared size" if unit is None else f"in {unit}"
            for row in outside:
                self._refuse(row, f" reaches outside the image; expected {self._convention.shape}, {units}")
        self._sound[outside] = False
        is_cut = np.zeros_like(self._sound)
        is_cut[reaching] = True
        self._advise(is_cut & self._sound, "reach over the edge by up to a pixel or by rounding: they are cut there")

    def _allow(self, rows: Integers) -> Floats:
        """Return how far boxes may reach over (N, 2): by rounding, or by one pixel where the size is declared."""
        return np.fmax(TOLERANCE, (1 + _NOISE) / self._get_sides(self._table.image_ids[rows]))

    def _find_fitting_shape(self, outside: Integers, turned: Flags, sizes: Floats) -> BoxShape | None:
        """Return the other shape in which every written box lies inside its image, where many do not in this one."""
        rows = np.flatnonzero(self._sound & ~self._table.outlined & ~turned)
        if not self._coco.may_have_other_shape or len(rows) < _LEAST_BOXES or len(outside) < _LEAST_SHARE * len(rows):
            return None
        for shape in (BoxShape.CORNERS, BoxShape.CENTER_SIZE):
            if shape is self._convention.shape:
                continue
            boxes = box_conventions.to_left_top(self._table.boxes[rows], shape) / sizes[rows]
            if (boxes[:, 2:] > 0).all() and (_measure_over(boxes) <= self._allow(rows)).all():
                return shape
        return None

    def _advise(self, rows: Flags, text: str) -> None:
        """Tell of boxes that are not taken as written."""
        if rows.any():
            ids = dict.fromkeys(self._table.image_ids[rows].tolist())
            images = [self._coco.ids.get_written(number) for number in list(ids)[:_MAX_IMAGES]]
            said = f"{rows.sum():,} of {len(rows):,} annotations {text}"
            self._findings.advise(Issue.BOX_FORM, self._coco.name, said, images)


def _measure_over(boxes: Floats) -> Floats:
    """Return by how much relative boxes reach over the edges, across and down (N, 2); below 0 where they do not."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.maximum(-boxes[:, :2], boxes[:, :2] + boxes[:, 2:] - 1)


def _cut(boxes: Floats) -> Floats:
    """Return boxes (N, 4) cut at the edges of the unit square."""
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.clip(boxes[:, :2], 0.0, 1.0)
        far = np.clip(boxes[:, :2] + boxes[:, 2:], 0.0, 1.0)
    return np.concatenate([near, far - near], axis=1)
