"""The files below a folder by their names: which are pictures, which are labels, and which are a user's at all.

Owns the judgement by names, and the bound on how many are kept. Must not read a file.
"""

import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from darkroom_api.names import VOLUME_SCHEME
from darkroom_storage import local_files, volume_files
from darkroom_storage.errors import display_uri
from darkroom_storage.objects import PATIENCE_SECONDS, Storage
from darkroom_trainer.data.sources.missing_files import show_uri

PICTURE_ENDINGS: Final = frozenset({
    "jpg", "jpeg", "jpe", "jfif", "png", "bmp", "dib", "gif", "webp", "tif", "tiff", "ico", "mpo", "heic", "heif",
    "avif", "jp2", "jxl", "psd",
})  # fmt: skip
"""Of names of pictures: also of those that are not read, so that their users learn of it."""
_ENDING: Final = re.compile(r"\.([A-Za-z][A-Za-z0-9]{0,7})$")
"""What follows another dot, as in a date, is a part of the name."""
_OF_RUNS: Final = re.compile(r"(?:^|/)(?:dataset|model|evaluation|prediction)s/[^/]+-[0-9a-f]{8}/")
"""Folders of runs' own files (`names.artifact_folder`), which hold pictures, too."""
_HIDDEN: Final = re.compile(r"(?:^|/)(?:\.[^/]*|__MACOSX|Thumbs\.db|desktop\.ini)(?:/|$)", re.IGNORECASE)
_MAX_SAMPLES: Final = 1_000


@dataclass
class FolderListing:
    """Names below a folder. `labels` have the ending that was asked for; of `others`, `samples` holds the first ones.

    `is_cut`: there are more pictures, or labels, than are kept.
    """

    pictures: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    others: int = 0
    samples: list[str] = field(default_factory=list)
    is_cut: bool = False

    @property
    def is_empty(self) -> bool:
        """Return whether nothing of a user's is there."""
        return not (self.pictures or self.labels or self.others)


def list_files(
    storage: Storage, prefix: str, most: int, show_count: Callable[[int], None], label_ending: str | None = None
) -> FolderListing:
    """Return the files below `prefix`, a folder with a final slash, but hidden ones and those of runs; sorted.

    Keeps `most` pictures and as many labels. Raises StorageError.
    """
    listing = FolderListing()
    for number, found in enumerate(storage.iterate_objects(prefix, PATIENCE_SECONDS), start=1):
        show_count(number)
        name = find_name(found.uri, prefix)
        if name.endswith("/") or not name or is_hidden(name) or is_of_run(name):
            continue
        is_label = label_ending is not None and name.lower().endswith(label_ending)
        kept = listing.labels if is_label else listing.pictures
        if not is_label and not has_picture_ending(name):
            listing.others += 1
            listing.samples += [name] if len(listing.samples) < _MAX_SAMPLES else []
        elif len(kept) >= most:
            listing.is_cut = True
            break
        else:
            kept.append(name)
    listing.pictures.sort()
    listing.labels.sort()
    listing.samples.sort()
    return listing


def is_hidden(name: str) -> bool:
    """Return whether a file is one that systems leave in folders and do not show."""
    return bool(_HIDDEN.search(name))


def is_of_run(name: str) -> bool:
    """Return whether a file is one that a run has written."""
    return bool(_OF_RUNS.search(name))


def is_picture_name(name: str) -> bool:
    """Return whether an object may be an image: by the ending of its name, or because its name has none.

    A name that ends with a slash is that of an empty object which stands for a folder.
    """
    base = name.rpartition("/")[2]
    if not base or base.startswith("."):
        return False
    return _ENDING.search(base) is None or has_picture_ending(base)


def has_picture_ending(name: str) -> bool:
    """Return whether the name of a file ends as that of a picture does."""
    ending = _ENDING.search(name)
    return ending is not None and ending[1].lower() in PICTURE_ENDINGS


def find_name(uri: str, prefix: str) -> str:
    """Return the name of an object below the folder."""
    if not uri.startswith("file:"):
        return uri.removeprefix(prefix)
    return urllib.parse.unquote(uri.removeprefix(f"{local_files.to_uri(local_files.to_path(prefix))}/"))


def find_prefix(folder_uri: str) -> str:
    """Return what the addresses of all objects below a folder begin with."""
    if not folder_uri.startswith(VOLUME_SCHEME):
        return f"{folder_uri.rstrip('/')}/"
    parts = volume_files.split_path(folder_uri)
    return volume_files.to_uri([*parts, ""] if parts else [])


def show_folder(prefix: str) -> str:
    """Return the address of a folder for a message."""
    return show_uri(display_uri(prefix))
