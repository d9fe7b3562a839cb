"""The files of a finished run, from wherever they were published, into a local folder, and images of buckets.

Owns that every file of a run is checked against its artifacts.json. Must not choose credentials.
"""

import contextlib
import pathlib
from collections.abc import Iterator, Sequence
from typing import Final

from darkroom_api.v1alpha1.common import Artifacts
from darkroom_api.v1alpha1.run_status import RunStatus
from darkroom_predict.errors import ModelUnusable
from darkroom_predict.listing import LIST_NAME, check_files, read_list
from darkroom_server.backends.backend import NotOpened, NotThere, Refused, Stored, TooLarge, Unavailable
from darkroom_storage.errors import (
    AddressForbidden,
    BucketMissing,
    CertificateRefused,
    ObjectMissing,
    StorageError,
    StorageMisconfigured,
    StorageRefused,
    StorageUnreachable,
)
from darkroom_storage.objects import NO_LIMIT_BYTES, Storage, join_uri

MAX_LIST_BYTES: Final = 1 << 20
"""Whoever may write to the bucket could put anything there: the list is read before it can be checked."""


def find_artifacts(stored: Stored) -> Artifacts:
    """Return where the files of a run are; raises NotThere."""
    artifacts = stored.status.artifacts if isinstance(stored.status, RunStatus) else None
    if artifacts is None:
        raise NotThere(f"{stored.kind} {stored.name}: it has no artifacts")
    return artifacts


def fetch_files(
    storage: Storage,
    artifacts: Artifacts,
    files: Sequence[str],
    folder: pathlib.Path,
    limit_bytes: int = NO_LIMIT_BYTES,
) -> None:
    """Copy `files` of at most `limit_bytes` into `folder`; raises NotThere, Refused or Unavailable.

    Of Refused, NotOpened and TooLarge are told apart. They name the address and what to do.
    """
    with explained("; was the folder of the artifacts deleted?"):
        if artifacts.digest is None:
            raise Refused(f"{artifacts.uri}: the status names no digest to check the files by; train it again")
        text = storage.read(join_uri(artifacts.uri, LIST_NAME), MAX_LIST_BYTES).data
        found = read_list(text)
        if found.digest != artifacts.digest:
            raise Refused(f"{artifacts.uri}: {LIST_NAME} is not the one that the status names; the folder was changed")
        (folder / LIST_NAME).write_bytes(text)
        for name in files:
            if name not in found.files:
                raise NotThere(f"{artifacts.uri}: {LIST_NAME} lists no {name}")
            uri = join_uri(artifacts.uri, name)
            size = storage.stat(uri).size
            if size > limit_bytes:
                raise TooLarge(f"{uri}: it has {size:,} bytes, and at most {limit_bytes:,} are read")
            if size != found.files[name]["size"]:
                raise Refused(f"{uri}: {name} is not the file that {LIST_NAME} lists (its size differs)")
            storage.fetch(uri, folder / name)
        check_files(folder, list(files))


def read_image(storage: Storage, uri: str, limit_bytes: int) -> bytes:
    """Return an image that lies in a bucket; raises NotThere, Refused or Unavailable."""
    with explained():
        return storage.read(uri, limit_bytes).data


@contextlib.contextmanager
def explained(advice: str = "") -> Iterator[None]:
    """Raise what storage raises as NotThere, with the advice, Refused (NotOpened) or Unavailable."""
    try:
        yield
    except BucketMissing as error:
        raise Refused(str(error)) from error
    except ObjectMissing as error:
        raise NotThere(f"{error}{advice}") from error
    except StorageUnreachable as error:
        raise Unavailable(str(error)) from error
    except (StorageRefused, CertificateRefused, AddressForbidden, StorageMisconfigured) as error:
        raise NotOpened(str(error)) from error
    except (StorageError, ModelUnusable, ValueError, KeyError, TypeError) as error:
        raise Refused(str(error)) from error
