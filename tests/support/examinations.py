"""Datasets on disk, examined; and what strangers may write as a tag or a file name."""

import pathlib
from typing import Any

from darkroom_storage.local_files import to_path
from darkroom_trainer.data.inspection.examination import Examination, examine_dataset
from darkroom_trainer.data.records.catalog import CatalogImage
from tests.support.coco_builders import Coco, a_coco, a_scene, a_source, an_annotation, an_image, write_dataset
from tests.support.report_builders import HOSTILE

NAMES = [text for text in HOSTILE if "\ud800" not in text]


def examine(folder: pathlib.Path, coco: Coco, pictures: dict[str, bytes] | None = None, **fields: Any) -> Examination:
    """Return the examination of a dataset on disk."""
    return examine_files(write_dataset(folder, coco, pictures), **fields)


def examine_files(*files: str, **fields: Any) -> Examination:
    """Return the examination of annotation files that are there."""
    return examine_dataset(a_source(*files, **fields), None, lambda _done, _total: None, stop_at_annotations=False)


def a_hostile_dataset(folder: pathlib.Path) -> Examination:
    """Return an examination of images whose tags are what strangers may write, one of them with a problem."""
    categories = [{"id": at + 1, "name": text} for at, text in enumerate(NAMES)]
    images = [an_image(at + 1) for at in range(len(NAMES))]
    annotations = [an_annotation(at + 1, image_id=at + 1, category_id=at + 1) for at in range(len(NAMES))]
    annotations.append(an_annotation(99, bbox=[0.9, 0.9, 0.5, 0.5], category_id=1))
    coco = a_coco(images=images, annotations=annotations, categories=categories)
    return examine(folder, coco, {image["file_name"]: a_scene(image["id"]) for image in images})


def read_local(image: CatalogImage) -> bytes:
    """Return the bytes of an image on disk."""
    assert image.uri is not None
    return to_path(image.uri).read_bytes()
