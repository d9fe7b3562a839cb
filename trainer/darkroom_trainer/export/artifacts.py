"""The files of a finished run: hashed, uploaded, and listed in `artifacts.json`, which is written last.

Owns the list and its digest: a folder without it holds no finished result. Must not know what the files mean.
"""

import functools
import hashlib
import json
import pathlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from darkroom_api.conditions import Reason
from darkroom_api.run_config import Location
from darkroom_api.v1alpha1.common import Artifacts
from darkroom_trainer.errors import ObjectMissing, PreconditionFailed, RunError, StorageError
from darkroom_trainer.storage.objects import Storage, explain_storage_error, join_uri, open_storage, retry_storage

LIST_NAME: Final = "artifacts.json"

Check = Callable[[], None]


@dataclass(frozen=True)
class FileList:
    """`artifacts.json`: each file's SHA-256 and size, and the digest of the list itself as `sha256:...`."""

    files: dict[str, dict[str, Any]]
    digest: str


def publish_files(
    folder: pathlib.Path, names: list[str], output: Location | None, check_claim: Check | None = None
) -> Artifacts | None:
    """Upload the named files of `folder`, then the list of them; without an output they stay in `folder`.

    `check_claim` raises where a newer process has the right to write. Raises RunError(StorageUnavailable) naming the
    address when the bucket stays away, and what `check_claim` raises.
    """
    text = build_list(folder, names)
    (folder / LIST_NAME).write_text(text)
    digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    if output is None:
        return None
    storage = open_storage(output.storage)
    try:
        for name in [*names, LIST_NAME]:
            file, uri = folder / name, join_uri(output.uri, name)
            upload = functools.partial(storage.upload, file, uri)
            retry_storage(
                upload if check_claim is None else functools.partial(_replace, storage, file, uri, check_claim)
            )
    except StorageError as error:
        raise explain_storage_error(error, output.storage, is_output=True) from error
    return Artifacts(uri=output.uri, digest=digest)


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


def build_list(folder: pathlib.Path, names: list[str]) -> str:
    """Return the text of `artifacts.json` for files of `folder`."""
    files = {
        name: {
            "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(),
            "size": (folder / name).stat().st_size,
        }
        for name in sorted(names)
    }
    return json.dumps({"files": files}, indent=1) + "\n"


def read_list(text: bytes) -> FileList:
    """Return the list in `text`; raises ValueError where it is none."""
    files = json.loads(text)["files"]
    return FileList(files, f"sha256:{hashlib.sha256(text).hexdigest()}")


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
    return check_files(folder, names)


def check_files(folder: pathlib.Path, names: list[str]) -> FileList:
    """Return the list of a local folder after checking the named files; raises RunError(InvalidConfiguration)."""
    try:
        found = read_list((folder / LIST_NAME).read_bytes())
        for name in names:
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != found.files[name]["sha256"]:
                raise ValueError(f"{name} is not the file that {LIST_NAME} lists (its SHA-256 differs)")
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"model: {folder} holds no usable model: {describe_error(error)}"
        raise RunError(Reason.INVALID_CONFIGURATION, message) from error
    return found


def describe_error(error: Exception) -> str:
    """Return an error in words, without the numbers of the operating system."""
    if isinstance(error, OSError) and error.strerror:
        return f"{pathlib.Path(str(error.filename)).name}: {error.strerror}"
    return f"no entry {error}" if isinstance(error, KeyError) else str(error)
