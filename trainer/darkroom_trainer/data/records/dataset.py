"""What a loaded dataset is. Must not do: any I/O."""

import pathlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from darkroom_api.v1alpha1.common import AnnotationKind
from darkroom_storage.objects import ObjectInfo, Storage
from darkroom_trainer.data.records.findings import Advice, WrittenId
from darkroom_trainer.data.records.looks import Look

Boxes = npt.NDArray[np.float32]


def no_boxes() -> Boxes:
    """Return the boxes (0, 4) of an image without any."""
    return np.zeros((0, 4), dtype=np.float32)


@dataclass(frozen=True)
class Crowd:
    """Boxes around many things, in the form of an Example's: what is found there counts for and against nobody."""

    labels: tuple[int, ...]
    boxes: Boxes


@dataclass(frozen=True)
class Original:
    """Where the file of an image is, and which version of it."""

    storage: Storage
    uri: str
    info: ObjectInfo


@dataclass(frozen=True)
class Example:
    """One image with its annotations.

    `image_id` is the id in its annotation file, so it is unique within one file only; `file` is the image's name for
    messages. `width` and `height` are real pixels after EXIF rotation. `labels` are indices into
    `LoadedDataset.labels`: one per box for detection, else each label of the image once. `boxes` is float32 (N, 4),
    relative left, top, width, height in the rotated image, and (0, 4) except for detection. `crowd` is what is measured
    with and never trained on.
    """

    image_id: WrittenId
    file: str
    path: pathlib.Path
    width: int
    height: int
    labels: tuple[int, ...]
    boxes: Boxes
    crowd: Crowd | None = None
    original: Original | None = None
    """Where an image that is not at `path` yet is fetched from (`data.originals`)."""


@dataclass(frozen=True)
class LoadedDataset:
    """A dataset whose images are known to decode, and local where they have no `original`.

    `labels` are the tags in a fixed order, `looks` go with `examples`; `advice` is what its examination found that
    stops nothing.
    """

    name: str
    annotation_kind: AnnotationKind
    labels: tuple[str, ...]
    examples: tuple[Example, ...]
    revision: str
    looks: tuple[Look, ...] = ()
    advice: tuple[Advice, ...] = ()
