"""The labels of a Prediction as people have reviewed them: read, saved, handed out.

Owns the files' names, and that no one's labels are lost where two review at once. Must not know who may do so.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

from darkroom_labels.coco_labels import LabelFile, build_document
from darkroom_server.backends.backend import Backend, BackendProblem, Changed, Stored
from darkroom_server.backends.folder import NO_FILE
from darkroom_server.pages import screens
from darkroom_server.pages.content import reviewing
from darkroom_server.pages.label_files import LabelFiles

PROPOSED: Final = "prelabels.json"
REVIEWED: Final = "reviewed.json"


class ReviewFiles:
    """Of all Predictions of a back end. Belongs to one event loop."""

    def __init__(self, backend: Backend) -> None:
        self._files = LabelFiles(backend)
        self._saving = asyncio.Lock()
        """A folder of this machine cannot compare and replace a file in one step."""

    async def describe(self, stored: Stored) -> dict[str, Any]:
        """Return what the screen shows; raises a Problem."""
        file, version = await self._read(stored)
        return await asyncio.to_thread(reviewing.describe_review, file, version)

    async def save(self, stored: Stored, version: Any, images: Any) -> dict[str, Any]:
        """Save what a person sent who had read `version`; returns the new version and what is left.

        Raises a Problem, also where somebody else has saved meanwhile.
        """
        async with self._saving, _explained(stored):
            file, found = await self._read(stored)
            if version != found:
                raise Changed("the labels were changed")
            changed = await asyncio.to_thread(reviewing.change, file, images)
            saved = await self._files.write(stored, REVIEWED, await asyncio.to_thread(build_document, changed), found)
        return {"version": saved, "counts": reviewing.count_reviews(changed)}

    async def build_accepted(self, stored: Stored) -> bytes:
        """Return the COCO file of the accepted images; raises a Problem."""
        file, _ = await self._read(stored)
        return await asyncio.to_thread(lambda: build_document(reviewing.keep_accepted(file)))

    async def read_preview(self, stored: Stored, file: str) -> bytes:
        """Return a small picture; raises a Problem."""
        return await self._files.read_preview(stored, file)

    async def _read(self, stored: Stored) -> tuple[LabelFile, str]:
        """Return the labels as the last review left them, else as the model proposed them; raises a Problem."""
        found = await self._files.find_labels(stored, REVIEWED)
        if found is not None:
            return found
        return (await self._files.read_labels(stored, PROPOSED))[0], NO_FILE


@contextlib.asynccontextmanager
async def _explained(stored: Stored) -> AsyncIterator[None]:
    try:
        yield
    except Changed as problem:
        raise reviewing.build_stale(stored.name) from problem
    except BackendProblem as problem:
        raise screens.explain(problem, f"{REVIEWED} of Prediction {stored.name}") from problem
