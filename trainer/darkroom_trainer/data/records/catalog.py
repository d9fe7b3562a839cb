"""What annotation files say together: one list of images with tags and boxes. Must not do: anything but hold it."""

from dataclasses import dataclass
from typing import Final

from darkroom_api.v1alpha1.dataset import Category
from darkroom_trainer.data.records.dataset import Boxes, Crowd
from darkroom_trainer.data.records.findings import WrittenId

UNREVIEWED: Final = ("pending", "rejected")
"""What an entry says of a review whose labels are a model's, and no person's."""


@dataclass(frozen=True)
class CatalogImage:
    """One image before it is fetched. `uri` is None where the address was refused (a problem says so).

    Where nothing is at `uri`, the first of `other_uris` that exists counts; `hint` is for the words where none does.
    `declared` is (width, height) in pixels where boxes were written in pixels, else None.
    """

    subject: str
    image_id: WrittenId
    file: str
    uri: str | None
    declared: tuple[float, float] | None
    labels: tuple[int, ...]
    boxes: Boxes
    crowd: Crowd | None = None
    other_uris: tuple[str, ...] = ()
    hint: str = ""
    review: str | None = None
    """What its entry says of a review: "pending", "accepted" or "rejected"."""

    @property
    def name(self) -> str:
        """Return what messages call the image, without its file."""
        return self.subject.removesuffix(f" ({self.file})")


@dataclass(frozen=True)
class Catalog:
    """All images of a dataset, with its tags in a fixed order and how often each occurs.

    `repeated` counts annotations that are in two entries of one file, and are kept once. `unreviewed` images are left
    out of `images`, and have no labels: a model proposed some, which no person has accepted.
    """

    tags: tuple[str, ...]
    images: tuple[CatalogImage, ...]
    categories: tuple[Category, ...]
    annotations: int
    repeated: int = 0
    unreviewed: tuple[CatalogImage, ...] = ()
