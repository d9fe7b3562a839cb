"""Writes a sample to a folder or a bucket, in parallel, annotation files last.

Must not do: overwrite annotation files that are not a sample's (`NotASample`).
"""

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from darkroom_api.endpoints import OWN_MACHINE
from darkroom_api.run_config import StorageAccess
from darkroom_storage.errors import BucketMissing, ObjectMissing
from darkroom_storage.objects import Storage, find_root, join_uri, open_storage, retry_storage
from darkroom_trainer.samples.sets import ANNOTATION_FILES, SAMPLE_MARK, SampleFile

_WORKERS: Final = 16
_WINDOW: Final = 64


class NotASample(Exception):
    """The target holds somebody's annotation file; the text names it."""


def write_sample(files: Iterable[SampleFile], target: str, endpoint: str | None) -> int:
    """Write `files` below `target` (a folder, or a prefix in a bucket or container) and return how many there were.

    An older sample is written over. Raises NotASample, StorageError.
    """
    root = find_root(target)
    storage = open_storage(StorageAccess(endpoint=endpoint, reach=OWN_MACHINE))
    _refuse_foreign(storage, root)
    count = 0
    pending: deque[Future[None]] = deque()
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="upload") as pool:
        for file in files:
            if file.path.endswith(".json"):
                _drain(pending, 0)
            pending.append(pool.submit(_write, storage, root, file))
            _drain(pending, _WINDOW)
            count += 1
        _drain(pending, 0)
    return count


def _refuse_foreign(storage: Storage, root: str) -> None:
    for name in ANNOTATION_FILES.values():
        uri = join_uri(root, name)
        try:
            text = retry_storage(lambda uri=uri: storage.read_bytes(uri))  # type: ignore[misc]
        except ObjectMissing as error:
            if isinstance(error, BucketMissing):
                raise
            continue
        if SAMPLE_MARK.encode() not in text:
            raise NotASample(f"{uri} exists and is not a sample: choose another --to")


def _write(storage: Storage, root: str, file: SampleFile) -> None:
    retry_storage(lambda: storage.write_bytes(join_uri(root, file.path), file.data))


def _drain(pending: deque[Future[None]], keep: int) -> None:
    while len(pending) > keep:
        pending.popleft().result()
