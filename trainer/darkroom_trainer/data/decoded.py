"""Images decoded once into one array on disk, so that training never waits for a decoder again.

Owns the array and its reuse. Must not do: augment, normalise, or read annotations.
"""

import hashlib
import os
import pathlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from darkroom_api.conditions import Reason
from darkroom_predict.images import ImageProblem, Pixels
from darkroom_predict.resizing import decode_file
from darkroom_storage.objects import StorageError, retry_storage
from darkroom_trainer.data import originals
from darkroom_trainer.data.records.dataset import Example, LoadedDataset
from darkroom_trainer.data.sources.progress import build_progress
from darkroom_trainer.runtime import pooling
from darkroom_trainer.runtime.errors import RunError
from darkroom_trainer.runtime.reporting import Reporter
from darkroom_trainer.runtime.storage_failures import explain_storage_error


def decode_images(dataset: LoadedDataset, size_px: int, work: pathlib.Path, reporter: Reporter) -> Pixels:
    """Return uint8 (N, size_px, size_px, 3), RGB, in the order of `dataset.examples`, as a read-only memory map.

    Images are EXIF-rotated and resized as a whole; the aspect is not kept, so relative boxes stay valid. A second
    call with the same dataset, size and `work` reuses the array. Raises RunError(DatasetCorrupt) for an image that
    changed on disk since it was checked.
    """
    path = name_file(dataset, size_px, work)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        _decode_all(dataset, size_px, part, reporter)
        part.replace(path)
    array: Pixels = np.load(path, mmap_mode="r")
    return array


def name_file(dataset: LoadedDataset, size_px: int, work: pathlib.Path) -> pathlib.Path:
    """Return the file of the array."""
    return work / "decoded" / f"{name_images(dataset)}-{size_px}.npy"


def name_images(dataset: LoadedDataset) -> str:
    """Return a name that changes with the content and with the order of the images."""
    digest = hashlib.sha256(dataset.revision.encode())
    for example in dataset.examples:
        digest.update(f"\0{example.path}".encode())
    return digest.hexdigest()[:24]


def _decode_all(dataset: LoadedDataset, size_px: int, part: pathlib.Path, reporter: Reporter) -> None:
    total = len(dataset.examples)
    array = create_array(part, total, size_px)

    def decode(index: int) -> None:
        array[index] = _decode_example(dataset, dataset.examples[index], size_px)

    show_progress = build_progress(reporter, "Decoding")
    # Threads beyond the cores wait for storage, where files are fetched only now.
    workers = pooling.WORKERS if any(example.original for example in dataset.examples) else os.cpu_count()
    with ThreadPoolExecutor(workers or 1, thread_name_prefix="decode") as pool:
        for done, _ in enumerate(pool.map(decode, range(total)), start=1):
            show_progress(done, total)
    array.flush()


def create_array(file: pathlib.Path, images: int, size_px: int) -> "np.memmap[tuple[int, ...], np.dtype[np.uint8]]":
    """Return a new array (images, size_px, size_px, 3), mapped to a .npy file; raises OSError on a full disk."""
    array = np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=(images, size_px, size_px, 3))
    with file.open("r+b") as opened:
        # A map of a file with holes ends in a SIGBUS on a full disk; this is an OSError.
        os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
    return array


def _decode_example(dataset: LoadedDataset, example: Example, size_px: int) -> Pixels:
    try:
        return decode_file(retry_storage(lambda: originals.find_file(example)), size_px)
    except StorageError as error:
        assert example.original is not None, "a local file needs no storage"
        raise explain_storage_error(error, example.original.storage.access, subject=str(example.image_id)) from error
    except (ImageProblem, OSError) as error:
        subject = f"dataset {dataset.name}: image {example.image_id} ({example.file})"
        raise RunError(Reason.DATASET_CORRUPT, f"{subject} changed since it was checked: it {error}") from error
