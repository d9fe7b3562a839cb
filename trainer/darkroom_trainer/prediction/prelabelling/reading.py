"""Candidates read and decoded as the model sees them; copies of labelled images are told apart by their bytes.

Must not compute answers, or keep what was read.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from darkroom_predict import images, resizing
from darkroom_storage.errors import StorageError
from darkroom_storage.objects import Fetched
from darkroom_trainer.data.inspection.fetching import fetch_images
from darkroom_trainer.prediction.prelabelling.candidates import Candidate
from darkroom_trainer.prediction.prelabelling.choosing import ChosenImages
from darkroom_trainer.prediction.prelabelling.labelled import LabelledImages
from darkroom_trainer.runtime.storage_failures import explain_storage_error


@dataclass(frozen=True)
class DecodedImage:
    """An image as the model sees it, found at `uri`; `size` is its real one."""

    uri: str
    size: images.ImageSize
    pixels: images.Pixels


def read_candidates(
    chosen: ChosenImages, size_px: int
) -> Iterator[tuple[Candidate, DecodedImage | images.ImageProblem | None]]:
    """Yield each candidate with what was read of it, None for a copy of a labelled image; raises RunError."""
    decode = functools.partial(_decode, chosen.labelled, size_px)
    try:
        fetched = fetch_images(chosen.candidates, chosen.storage, decode)
        yield from zip(chosen.candidates, fetched, strict=True)
    except StorageError as error:
        raise explain_storage_error(error, chosen.storage.access, subject="images") from error


def _decode(labelled: LabelledImages, size_px: int, _place: int, uri: str, found: Fetched) -> DecodedImage | None:
    return (
        None if labelled.has_content(found.data) else DecodedImage(uri, *resizing.decode_measured(found.data, size_px))
    )
