"""Which images are copied already, kept beside them, so that a second run copies only what is missing.

Owns the folder `journal/` of the target: a file for every few images, one file at the end. Must not hold an address.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from pydantic import ValidationError

from darkroom_api.schema import Object
from darkroom_migrate.errors import MigrationError
from darkroom_storage.objects import Storage, join_uri, retry_storage

_FOLDER: Final = "journal"
_WHOLE: Final = "all.json"
_READERS: Final = 16


class CopiedImage(Object):
    """An image in the target: its name there, and its size in pixels as it is shown."""

    id: str
    file_name: str
    width: int
    height: int
    turned: bool = False


class _Entries(Object):
    project: str
    images: tuple[CopiedImage, ...]


class Journal:
    """The copied images of one project, by id."""

    def __init__(self, storage: Storage, root: str, project_id: str) -> None:
        self._storage = storage
        self._root = root
        self._project_id = project_id
        self._parts: list[str] = []
        self.copied: dict[str, CopiedImage] = {}

    def load(self) -> bool:
        """Read what earlier runs copied and return whether there was one; an image that is gone is copied again.

        Raises MigrationError where the target is another project's.
        """
        self._parts = self._list(_FOLDER)
        present = set(self._list("images")) if self._parts else set()
        with ThreadPoolExecutor(_READERS, thread_name_prefix="journal") as pool:
            for entries in pool.map(self._read, self._parts):
                self.copied |= {
                    image.id: image for image in entries.images if join_uri(self._root, image.file_name) in present
                }
        return bool(self._parts)

    def add(self, images: Iterable[CopiedImage]) -> None:
        """Note images that are in the target now."""
        added = tuple(images)
        if added:
            self.copied |= {image.id: image for image in added}
            self._parts.append(self._write(f"from-{added[0].id}.json", added))

    def close(self) -> None:
        """Put one file in the place of all parts."""
        whole = self._write(_WHOLE, tuple(image for _, image in sorted(self.copied.items())))
        for uri in self._parts:
            if uri != whole:
                retry_storage(lambda uri=uri: self._storage.delete(uri))  # type: ignore[misc]
        self._parts = [whole]

    def _list(self, folder: str) -> list[str]:
        return retry_storage(lambda: self._storage.list_uris(join_uri(self._root, folder, "")))

    def _read(self, uri: str) -> _Entries:
        data = retry_storage(lambda: self._storage.read_bytes(uri))
        try:
            entries = _Entries.model_validate_json(data)
        except ValidationError as error:
            raise MigrationError(f"{uri} is not the journal of a migration; choose another --to") from error
        if entries.project != self._project_id:
            raise MigrationError(f"{uri}: this is the copy of project {entries.project}; choose another --to")
        return entries

    def _write(self, name: str, images: tuple[CopiedImage, ...]) -> str:
        uri = join_uri(self._root, _FOLDER, name)
        data = _Entries(project=self._project_id, images=images).model_dump_json(by_alias=True).encode()
        retry_storage(lambda: self._storage.write_bytes(uri, data, media_type="application/json"))
        return uri
