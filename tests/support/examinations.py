"""Datasets on disk, examined; and what strangers may write as a tag or a file name."""

import pathlib
from typing import Any

from darkroom_storage.local_files import to_path
from darkroom_trainer.data.inspection.examination import Examination, examine_dataset
from darkroom_trainer.data.records.catalog import CatalogImage
from tests.support.coco_builders import Coco, a_source, write_dataset
from tests.support.report_builders import HOSTILE

NAMES = [text for text in HOSTILE if "\ud800" not in text]


def examine(folder: pathlib.Path, coco: Coco, pictures: dict[str, bytes] | None = None, **fields: Any) -> Examination:
    """Return the examination of a dataset on disk."""
    return examine_files(write_dataset(folder, coco, pictures), **fields)


def examine_files(*files: str, **fields: Any) -> Examination:
    """Return the examination of annotation files that are there."""
    return examine_dataset(a_source(*files, **fields), None, lambda _done, _total: None, stop_at_annotations=False)


def read_local(image: CatalogImage) -> bytes:
    """Return the bytes of an image on disk."""
    assert image.uri is not None
    return to_path(image.uri).read_bytes()
