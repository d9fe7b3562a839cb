"""The files of a finished Model, from wherever they were published, into a local folder.

Owns that every file is checked against the Model's artifacts.json. Must not choose credentials.
"""

import pathlib
from collections.abc import Sequence
from typing import Final

from darkroom_api.v1alpha1.common import Artifacts
from darkroom_predict.errors import ModelUnusable
from darkroom_predict.listing import LIST_NAME, check_files, read_list
from darkroom_server.backends.backend import NotThere, Refused, Unavailable
from darkroom_storage.errors import (
    BucketMissing,
    ObjectMissing,
    StorageError,
    StorageMisconfigured,
    StorageUnreachable,
)
from darkroom_storage.objects import Storage, join_uri

MAX_LIST_BYTES: Final = 1 << 20
"""Whoever may write to the bucket could put anything there: the list is read before it can be checked."""


def fetch_files(storage: Storage, artifacts: Artifacts, files: Sequence[str], folder: pathlib.Path) -> None:
    """Copy `files` into `folder`; raises NotThere, Refused or Unavailable, naming the address and what to do."""
    try:
        text = storage.read(join_uri(artifacts.uri, LIST_NAME), MAX_LIST_BYTES).data
        found = read_list(text)
        if artifacts.digest is not None and found.digest != artifacts.digest:
            raise Refused(f"{artifacts.uri}: {LIST_NAME} is not the one that the Model names; the folder was changed")
        (folder / LIST_NAME).write_bytes(text)
        for name in files:
            if name not in found.files:
                raise NotThere(f"{artifacts.uri}: {LIST_NAME} lists no {name}")
            uri = join_uri(artifacts.uri, name)
            if storage.stat(uri).size != found.files[name]["size"]:
                raise Refused(f"{uri}: {name} is not the file that {LIST_NAME} lists (its size differs)")
            storage.fetch(uri, folder / name)
        check_files(folder, list(files))
    except BucketMissing as error:
        raise Refused(str(error)) from error
    except ObjectMissing as error:
        raise NotThere(f"{error}; was the folder of the Model's artifacts deleted?") from error
    except StorageUnreachable as error:
        raise Unavailable(str(error)) from error
    except (StorageError, StorageMisconfigured, ModelUnusable, ValueError, KeyError, TypeError) as error:
        raise Refused(str(error)) from error
