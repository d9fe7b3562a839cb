"""Previews of the images that are reviewed first.

Owns how many there are. Must not choose the order.
"""

import functools
import itertools
import pathlib
from typing import Final

from darkroom_predict.images import ImageProblem, use_picture
from darkroom_storage.errors import StorageError
from darkroom_storage.objects import Fetched, Storage
from darkroom_trainer.data import previews
from darkroom_trainer.data.inspection.fetching import fetch_images
from darkroom_trainer.prediction.prelabelling.candidates import Candidate
from darkroom_trainer.prediction.prelabelling.kept_answers import KeptAnswers
from darkroom_trainer.runtime.storage_failures import explain_storage_error

MAX_PREVIEWS: Final = 500


def write_previews(folder: pathlib.Path, answers: KeptAnswers, storage: Storage) -> list[str]:
    """Write small pictures of the first images in the order of review; returns their names.

    They are read once more: which they are is known last. Raises RunError(StorageUnavailable).
    """
    (folder / previews.FOLDER).mkdir(exist_ok=True)
    first = [Candidate(answer.file, answer.uri) for answer in itertools.islice(answers, MAX_PREVIEWS)]
    try:
        made = list(fetch_images(first, storage, functools.partial(_write_preview, folder)))
    except StorageError as error:
        raise explain_storage_error(error, storage.access, subject="images") from error
    return [name for name in made if not isinstance(name, ImageProblem)]


def _write_preview(folder: pathlib.Path, place: int, _uri: str, found: Fetched) -> str:
    name = previews.name_preview(place + 1)
    (folder / name).write_bytes(use_picture(found.data, previews.encode_preview, draft_px=previews.SIDE_PX))
    return name
