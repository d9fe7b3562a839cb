"""What is around a file that is missing: one listing, bounded in names and time, whatever the number of files.

Must not do: judge what is near (`missing_files.py`), or fail where a listing does.
"""

from collections.abc import Sequence
from typing import Final

from darkroom_storage.errors import StorageError
from darkroom_storage.objects import Storage
from darkroom_trainer.data.sources import missing_files
from darkroom_trainer.data.sources.missing_files import Absence, NearbyFiles

MAX_NAMES: Final = 20_000
SECONDS: Final = 5.0
"""For one folder; the words do without what a larger bucket holds beyond that."""


def explain_missing(storage: Storage, uris: Sequence[str]) -> list[Absence]:
    """Return why nothing is at each of `uris`; a key may allow reading alone, and then little can be said."""
    nearby = _find_nearby(storage, uris) if uris else None
    return [nearby.explain(uri) if nearby else missing_files.UNEXPLAINED for uri in uris]


def _find_nearby(storage: Storage, uris: Sequence[str]) -> NearbyFiles | None:
    """Return the files of the nearest folder that holds any: what is above it belongs to something else."""
    nearby: NearbyFiles | None = None
    for folder in missing_files.choose_folders(uris):
        listed = list_folder(storage, folder)
        if listed is None:
            break
        if nearby is None or listed:
            nearby = NearbyFiles(folder, listed)
        if listed:
            break
    return nearby


def list_folder(storage: Storage, folder: str) -> list[str] | None:
    """Return addresses below a folder, None where it cannot be listed."""
    if folder.startswith("https://"):
        return None
    try:
        return storage.list_some(folder, MAX_NAMES, SECONDS)
    except StorageError:
        return None
