"""Reads annotation files whole, one at a time, and says what is there where one is not.

Must not do: parse them.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.run_config import DatasetSource
from darkroom_api.v1alpha1.dataset import AnnotationFormat
from darkroom_storage.errors import BucketMissing, ObjectMissing, ObjectTooLarge, StorageError, display_uri
from darkroom_storage.objects import Storage, retry_storage
from darkroom_trainer.data.coco import documents
from darkroom_trainer.data.sources import layouts, surroundings
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.runtime.storage_failures import explain_storage_error

MAX_TOTAL_BYTES: Final = 4 << 30
"""Of all annotation files of a Dataset: each may be small, and what they say is held in memory together."""


def read_texts(storage: Storage, source: DatasetSource, hashes: list[bytes]) -> Iterator[bytes]:
    """Yield the annotation files one after another, so that memory holds one, and note their SHA-256.

    Raises RunError: DatasetNotFound, StorageUnavailable, InvalidConfiguration, DatasetCorrupt.
    """
    num_bytes = 0
    for uri in source.annotation_files:
        text = read_annotations(storage, uri)
        num_bytes += len(text)
        if num_bytes > MAX_TOTAL_BYTES:
            taken = f"those up to it have {num_bytes:,} bytes, at most {MAX_TOTAL_BYTES:,} are read together"
            message = f"annotation file {display_uri(uri)}: {taken}; divide the Dataset into several"
            raise RunError(Reason.DATASET_CORRUPT, message)
        hashes.append(hashlib.sha256(text).digest())
        yield text


def read_annotations(storage: Storage, uri: str, wanted: AnnotationFormat = AnnotationFormat.COCO) -> bytes:
    """Return an annotation file; raises RunError as `read_texts` does."""
    try:
        if uri.endswith("/"):  # a bucket may hold an empty object in place of a folder
            raise ObjectMissing(uri)
        return retry_storage(lambda: storage.read(uri, documents.MAX_ANNOTATION_BYTES)).data
    except StorageError as error:
        end = explain_storage_error(error, storage.access)
        raise RunError(end.reason, f"annotation file {_explain(storage, uri, error, end.message, wanted)}") from error


def _explain(storage: Storage, uri: str, error: StorageError, message: str, wanted: AnnotationFormat) -> str:
    """Return why an annotation file could not be read."""
    if isinstance(error, ObjectTooLarge):
        return f"{message}; split it into several annotationFiles"
    if not isinstance(error, ObjectMissing) or isinstance(error, BucketMissing):
        return message
    folder = uri.rstrip("/") + "/"
    if below := surroundings.list_folder(storage, folder):
        return layouts.describe_folder(folder, below, wanted)
    return message if error.detail else message + surroundings.explain_missing(storage, [uri])[0].words
