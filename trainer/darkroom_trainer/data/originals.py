"""The file of an image, fetched when it is asked for where a run began with its picture from the cache.

Must not do: decode.
"""

import pathlib

from darkroom_predict.images import ImageProblem
from darkroom_trainer.data.records.dataset import Example


def find_file(example: Example) -> pathlib.Path:
    """Return where the image lies, once it is there.

    Raises StorageError, and ImageProblem where another file is at its address by now.
    """
    original = example.original
    if original is not None and not example.path.exists():
        info = original.storage.fetch(original.uri, example.path)
        if info != original.info:
            example.path.unlink()
            raise ImageProblem("is another file by now")
    return example.path


def read_bytes(example: Example) -> bytes:
    """Return the bytes of the image; raises as `find_file` does, and OSError."""
    return find_file(example).read_bytes()
