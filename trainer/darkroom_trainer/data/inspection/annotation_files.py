"""Reads annotation files whole, one at a time, and says what is there where one is not.

Must not do: parse them.
"""

from collections.abc import Iterator

from darkroom_api.run_config import DatasetSource
from darkroom_storage.errors import BucketMissing, ObjectMissing, ObjectTooLarge, StorageError
from darkroom_storage.objects import Storage, retry_storage
from darkroom_trainer.data.coco import documents
from darkroom_trainer.data.inspection import missing_files, revision, surroundings
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.runtime.storage_failures import explain_storage_error


def read_texts(storage: Storage, source: DatasetSource, hashes: list[bytes]) -> Iterator[bytes]:
    """Yield the annotation files one after another, so that memory holds one, and note their SHA-256.

    Raises RunError: DatasetNotFound, StorageUnavailable, InvalidConfiguration, DatasetCorrupt.
    """
    for uri in source.annotation_files:
        text = _read_annotations(storage, uri)
        hashes.append(revision.hash_text(text))
        yield text


def _read_annotations(storage: Storage, uri: str) -> bytes:
    try:
        if uri.endswith("/"):  # a bucket may hold an empty object in place of a folder
            raise ObjectMissing(uri)
        return retry_storage(lambda: storage.read(uri, documents.MAX_ANNOTATION_BYTES)).data
    except StorageError as error:
        end = explain_storage_error(error, storage.access)
        raise RunError(end.reason, f"annotation file {_explain(storage, uri, error, end.message)}") from error


def _explain(storage: Storage, uri: str, error: StorageError, message: str) -> str:
    """Return why an annotation file could not be read."""
    if isinstance(error, ObjectTooLarge):
        return f"{message}; split it into several annotationFiles"
    if not isinstance(error, ObjectMissing) or isinstance(error, BucketMissing):
        return message
    folder = uri.rstrip("/") + "/"
    if below := surroundings.list_folder(storage, folder):
        return missing_files.describe_folder(folder, below)
    return message if error.detail else message + surroundings.explain_missing(storage, [uri])[0].words
