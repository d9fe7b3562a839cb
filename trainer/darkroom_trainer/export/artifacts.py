"""The files of a finished run: uploaded, and listed in `artifacts.json`, which is written last.

Owns the order: a folder without the list holds no finished result. Must not know what the files mean.
"""

import functools
import hashlib
import logging
import pathlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from darkroom_api.conditions import Reason
from darkroom_api.run_config import Location
from darkroom_api.v1alpha1.common import Artifacts
from darkroom_predict.description import ONNX_NAME
from darkroom_predict.errors import ModelUnusable
from darkroom_predict.listing import LIST_NAME, FileList, build_list, check_files
from darkroom_storage.errors import ObjectMissing, PreconditionFailed, StorageError
from darkroom_storage.objects import Storage, join_uri, open_storage, retry_storage
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.runtime.storage_failures import explain_storage_error

SERVING_FOLDER: Final = "serving"
"""A repository as Triton, OpenVINO and KServe's ONNX runtimes want it: a folder for each model and version."""
UPLOADS_AT_ONCE: Final = 8
Check = Callable[[], None]
_LOG: Final = logging.getLogger(__name__)


def publish_files(
    folder: pathlib.Path,
    names: list[str],
    output: Location | None,
    check_claim: Check | None = None,
    served_as: str | None = None,
) -> Artifacts | None:
    """Upload the named files of `folder`, then the list of them; without an output they stay in `folder`.

    With `served_as`, the name of a model, its ONNX file is uploaded once more, to where other servers look for it.
    The list does not name that copy: whoever has the folder's own files lacks nothing. Where there is no ONNX file, the
    copy of an earlier attempt is deleted, which would be another model.

    `check_claim` raises where a newer process has the right to write. Raises RunError(StorageUnavailable) naming the
    address when the bucket stays away, and what `check_claim` raises.
    """
    text = build_list(folder, names)
    (folder / LIST_NAME).write_text(text)
    digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    if output is None:
        return None
    storage = open_storage(output.storage)
    uploads = {name: folder / name for name in names}
    served = None if served_as is None else f"{SERVING_FOLDER}/{served_as}/1/{ONNX_NAME}"
    if served is not None and ONNX_NAME in names:
        uploads[served] = folder / ONNX_NAME
    try:
        if served is not None and served not in uploads:
            _delete_served(storage, join_uri(output.uri, served), check_claim)
        upload_files(storage, uploads, output.uri, check_claim)
        upload_files(storage, {LIST_NAME: folder / LIST_NAME}, output.uri, check_claim)
    except StorageError as error:
        raise explain_storage_error(error, output.storage, is_output=True) from error
    return Artifacts(uri=output.uri, digest=digest)


def _delete_served(storage: Storage, uri: str, check_claim: Check | None) -> None:
    """Delete the copy of an earlier attempt. What cannot be deleted stays: the training has its model all the same."""
    if check_claim is not None:
        check_claim()
    try:
        retry_storage(functools.partial(storage.delete, uri))
    except StorageError as error:
        _LOG.warning("a model of an earlier attempt stays: %s", error)


def upload_files(
    storage: Storage, files: Mapping[str, pathlib.Path], folder_uri: str, check_claim: Check | None = None
) -> None:
    """Write each file as the object of its name below `folder_uri`; raises StorageError and what `check_claim` does."""

    def upload(name: str) -> None:
        file, uri = files[name], join_uri(folder_uri, name)
        if check_claim is None:
            retry_storage(lambda: storage.upload(file, uri))
        else:
            retry_storage(lambda: _replace(storage, file, uri, check_claim))

    pool = ThreadPoolExecutor(UPLOADS_AT_ONCE, thread_name_prefix="upload")
    try:
        for _ in pool.map(upload, files):
            pass
    finally:
        pool.shutdown(cancel_futures=True)


def _replace(storage: Storage, file: pathlib.Path, uri: str, check_claim: Check) -> None:
    """Upload a file so that no stale process can put its own in place of a newer one's.

    What is there is looked at before the claim, and must still be there when the upload ends: a stale process either
    sees the newer claim, or finds that the object has changed meanwhile.
    """
    for is_last in (False, False, True):
        etag = storage.find_etag(uri)
        check_claim()
        try:
            storage.replace(file, uri, etag)
        except PreconditionFailed:
            # Also the end of an own upload whose answer was lost on its way.
            if is_last:
                raise
        else:
            return


def fetch_model(location: Location, folder: pathlib.Path, names: list[str]) -> FileList:
    """Fetch the named files of a finished model into `folder` and check each against the list.

    Raises RunError: InvalidConfiguration where there is no finished model or a file is not what the list says,
    StorageUnavailable where the bucket does not answer.
    """
    storage = open_storage(location.storage)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        text = retry_storage(lambda: storage.read_bytes(join_uri(location.uri, LIST_NAME)))
        (folder / LIST_NAME).write_bytes(text)
        for name in names:
            retry_storage(functools.partial(storage.fetch, join_uri(location.uri, name), folder / name))
    except ObjectMissing as error:
        message = f"model: {error}; there is no finished model at {location.uri}"
        raise RunError(Reason.INVALID_CONFIGURATION, message) from error
    except StorageError as error:
        raise explain_storage_error(error, location.storage) from error
    try:
        return check_files(folder, names)
    except ModelUnusable as error:
        raise RunError(Reason.INVALID_CONFIGURATION, str(error)) from error
