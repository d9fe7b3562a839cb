"""The first images of an inspected Dataset with their labels, for a page that shows them beside their previews.

Owns which images and the form: the COCO dialect of pre-labels, with each image's real size. Must not read a file.
"""

from collections.abc import Collection

from darkroom_labels.coco_labels import Label, LabelFile, LabelledImage, build_document
from darkroom_storage.errors import display_uri
from darkroom_storage.secrets import hide
from darkroom_trainer.data import previews
from darkroom_trainer.data.inspection.examination import Examination
from darkroom_trainer.data.inspection.fetching import MAX_PREVIEWS, CheckedImage
from darkroom_trainer.data.records.catalog import CatalogImage


def list_previews() -> list[str]:
    """Return the names that previews of an inspection may have, in the order of its images."""
    return [previews.name_preview(number) for number in range(1, MAX_PREVIEWS + 1)]


def build_samples(examination: Examination, preview_names: Collection[str]) -> bytes:
    """Return samples.json, of the images that have a preview."""
    tags = tuple(map(hide, examination.catalog.tags))
    first = zip(examination.catalog.images, examination.checked, list_previews(), strict=False)
    images = (
        _build_sample(image, checked, tags, name)
        for image, checked, name in first
        if checked is not None and name in preview_names
    )
    return build_document(LabelFile(tags, tuple(images)))


def _build_sample(image: CatalogImage, checked: CheckedImage, tags: tuple[str, ...], preview: str) -> LabelledImage:
    boxes = [tuple(box) for box in image.boxes.tolist()] if len(image.boxes) else [None] * len(image.labels)
    return LabelledImage(
        width=checked.size.width,
        height=checked.size.height,
        file_name=hide(image.file),
        absolute_url=display_uri(checked.uri),
        labels=tuple(Label(tags[label], box) for label, box in zip(image.labels, boxes, strict=True)),
        preview=preview,
    )
