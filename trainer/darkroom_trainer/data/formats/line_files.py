"""Annotations that lie in many files, in the form of one COCO file: each is called by its own file and line.

Owns the building of its tables. Must not do: I/O, or know the syntax of any format.
"""

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from darkroom_trainer.data.coco.annotation_table import AnnotationTable
from darkroom_trainer.data.coco.box_conventions import BoxConvention
from darkroom_trainer.data.coco.documents import CategoryRecord, CocoFile, ImageRecord, read_category
from darkroom_trainer.data.coco.identifiers import IdBook, Integers
from darkroom_trainer.data.records.findings import Findings

Box = tuple[float, float, float, float]
_UNUSED: Final = BoxConvention()
"""Of files that have no boxes."""


@dataclass(frozen=True)
class LineFile(CocoFile):
    """Annotation ids count from 0; `lines` has the line of each, `label_names` the file of labels of each image."""

    convention: BoxConvention
    lines: Integers
    label_names: Mapping[int, str]

    def read_convention(self) -> BoxConvention:
        """Return how the format means boxes."""
        return self.convention

    def identify_image(self, number: int | np.signedinteger[Any]) -> str:
        """Return the name of an image's file of labels, else its own."""
        return self.label_names.get(int(number)) or f"{self.name} image {self.ids.get_written(int(number))}"

    def name_image(self, record: ImageRecord) -> str:
        """Return how messages call an image."""
        called = self.identify_image(record.id)
        return f"{called} ({record.shown})" if record.id in self.label_names else called

    def name_annotation(self, row: int | np.signedinteger[Any]) -> str:
        """Return the file of labels and the line."""
        return f"{self.identify_image(self.annotations.image_ids[row])} line {self.lines[self.annotations.ids[row]]}"


class LineFileBuilder:
    """Takes images, and the annotations of each."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._ids = IdBook()
        self._images: list[ImageRecord] = []
        self._label_names: dict[int, str] = {}
        # A dataset may have millions: arrays take an eighth of what lists do.
        self._image_numbers, self._categories, self._lines = array("q"), array("q"), array("q")
        self._boxes, self._rotations, self._outlined = array("d"), array("d"), array("b")

    def add_image(
        self,
        file_name: str,
        label_name: str | None = None,
        *,
        image_id: str | None = None,
        size: tuple[float, float] = (math.nan, math.nan),
    ) -> int:
        """Add an image, called by its file of labels where it has one; returns its number.

        Its id is its name, unless `image_id` is given. Raises TooManyIds.
        """
        number = self._ids.to_number(image_id or file_name)
        assert number is not None, "names are text"
        width, height = size
        self._images.append(ImageRecord(number, width, height, file_name, None, None))
        if label_name is not None:
            self._label_names[number] = label_name
        return number

    def add_annotation(
        self,
        image: int,
        category: int,
        line: int = 0,
        box: Box = (math.nan, math.nan, math.nan, math.nan),
        *,
        is_outline: bool = False,
        rotation: float = 0.0,
    ) -> None:
        """Add an annotation; a box around an outline is [left, top, width, height] whatever the format's form is."""
        self._image_numbers.append(image)
        self._categories.append(category)
        self._lines.append(line)
        self._boxes.extend(box)
        self._outlined.append(is_outline)
        self._rotations.append(rotation)

    def build(
        self,
        categories: Sequence[CategoryRecord],
        convention: BoxConvention = _UNUSED,
        form: type[LineFile] = LineFile,
    ) -> LineFile:
        """Return all that was added, as a file of this form."""
        count = len(self._lines)
        table = AnnotationTable(
            ids=np.arange(count, dtype=np.int64),
            image_ids=np.array(self._image_numbers, dtype=np.int64),
            category_ids=np.array(self._categories, dtype=np.int64),
            crowd=np.zeros(count, dtype=bool),
            boxes=np.array(self._boxes, dtype=np.float64).reshape(count, 4),
            has_box=np.ones(count, dtype=bool),
            outlined=np.array(self._outlined, dtype=bool),
            refused=np.zeros(count, dtype=bool),
            rotation=np.array(self._rotations, dtype=np.float64),
        )
        return form(
            name=self._name,
            images=tuple(self._images),
            annotations=table,
            categories=tuple(categories),
            broken_images=frozenset(),
            broken_categories=frozenset(),
            box_formats=(),
            ids=self._ids,
            convention=convention,
            lines=np.array(self._lines, dtype=np.int64),
            label_names=self._label_names,
        )


def read_tags(tags: Mapping[int, str], subject: str, findings: Findings) -> list[CategoryRecord]:
    """Return the categories that tags are, without those that cannot be shown: they are problems."""
    kept = []
    for number, tag in tags.items():
        category = read_category({"name": tag}, number)
        if isinstance(category, str):
            findings.add(f"{subject} class {number}", category)
        else:
            kept.append(category)
    return kept
