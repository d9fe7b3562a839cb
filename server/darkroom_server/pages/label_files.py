"""Labels beside a resource's results, with the small pictures that belong to them: read, and written back.

Owns their limits. Must not know screens, or what a review means.
"""

import asyncio
from typing import Final

from darkroom_labels.coco_labels import LabelFile
from darkroom_server.backends.backend import Backend, BackendProblem, Stored
from darkroom_server.http.problems import Problem, not_found
from darkroom_server.pages.content.label_document import PREVIEW, NotOurs, read_document
from darkroom_server.pages.screens import explain

MAX_LABEL_BYTES: Final = 32 << 20
MAX_PREVIEW_BYTES: Final = 2 << 20
READ_AT_ONCE: Final = 2
"""Files of labels: read, each takes some hundred MiB at most."""


class LabelFiles:
    """Files of the folders of a back end's resources."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._reading = asyncio.Semaphore(READ_AT_ONCE)

    async def read(self, stored: Stored, name: str, limit_bytes: int) -> tuple[bytes, str]:
        """Return a file and its version; raises a Problem."""
        what = f"{name} of {stored.kind} {stored.name}"
        try:
            found = await self._backend.open_folder(stored).read(name, limit_bytes)
        except BackendProblem as problem:
            raise explain(problem, what) from problem
        return found.data, found.info.etag

    async def read_labels(self, stored: Stored, name: str) -> tuple[LabelFile, str]:
        """Return the labels in a file and its version; raises a Problem."""
        try:
            async with self._reading:
                data, version = await self.read(stored, name, MAX_LABEL_BYTES)
                return await asyncio.to_thread(read_document, data), version
        except NotOurs as problem:
            message = f"{name} of {stored.kind} {stored.name} is not as Darkroom writes it: {problem}"
            raise Problem(409, "NotReadable", message) from problem

    async def find_labels(self, stored: Stored, name: str) -> tuple[LabelFile, str] | None:
        """Return what `read_labels` does, None where there is no such file."""
        try:
            return await self.read_labels(stored, name)
        except Problem as problem:
            if problem.status == 404:
                return None
            raise

    async def write(self, stored: Stored, name: str, data: bytes, version: str) -> str:
        """Write a file over the one of `version` (NO_FILE: over nothing); raises Changed and a Problem."""
        if len(data) > MAX_LABEL_BYTES:  # it could never be read again
            raise Problem(413, "TooLarge", f"{name} would be larger than {MAX_LABEL_BYTES:,} bytes; remove labels")
        return await self._backend.open_folder(stored).write(name, data, version)

    async def read_preview(self, stored: Stored, file: str) -> bytes:
        """Return a small picture; raises a Problem."""
        if not PREVIEW.fullmatch(f"previews/{file}"):
            raise not_found("there is no such picture")
        return (await self.read(stored, f"previews/{file}", MAX_PREVIEW_BYTES))[0]
