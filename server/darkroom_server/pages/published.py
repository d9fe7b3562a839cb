"""Files of finished runs as a browser may have them: pictures and reports, bounded, and kept for a while.

Owns which bytes count as a picture, and the memory that kept files take. Must not know screens.
"""

import io
import pathlib
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import anyio.to_thread
from PIL import Image
from starlette.responses import Response

from darkroom_api.v1alpha1.run_status import RunStatus
from darkroom_predict.images import ImageProblem, use_picture
from darkroom_predict.picture import CAPTION_PX, GAP_PX, HEADER_PX, PANEL_PX
from darkroom_server.backends.backend import Backend, BackendProblem, Stored
from darkroom_server.http.problems import not_found
from darkroom_server.pages.rendering import FILE_POLICY, FRAME_POLICY, build_headers
from darkroom_server.pages.screens import explain

MAX_KEPT_BYTES: Final = 64 << 20
MAX_REPORT_BYTES: Final = 16 << 20
MAX_PICTURE_BYTES: Final = 16 << 20
COVER_QUALITY: Final = 82
_MAGIC: Final = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


class PublishedFiles:
    """Files of results, by the resource they belong to. Belongs to one event loop."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._kept: OrderedDict[tuple[str, str, str], bytes] = OrderedDict()

    async def read(self, stored: Stored, name: str, limit_bytes: int) -> bytes:
        """Return a file of a finished run, checked against the list of its files; raises a Problem."""
        return await self._keep(stored, name, limit_bytes, lambda data: data)

    async def read_cover(self, stored: Stored, name: str) -> bytes:
        """Return the beginning of a run's picture of samples, as a small JPEG; raises a Problem."""
        return await self._keep(stored, name, MAX_PICTURE_BYTES, _shrink)

    async def _keep(self, stored: Stored, name: str, limit_bytes: int, make: Callable[[bytes], bytes]) -> bytes:
        assert isinstance(stored.status, RunStatus)
        artifacts = stored.status.artifacts
        key = (stored.uid, artifacts.digest or "" if artifacts else "", f"{make.__name__}/{name}")
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            return kept
        data = await self._fetch(stored, name, limit_bytes)
        made = await anyio.to_thread.run_sync(make, data)
        self._kept[key] = made
        while sum(map(len, self._kept.values())) > MAX_KEPT_BYTES:
            self._kept.popitem(last=False)
        return made

    async def _fetch(self, stored: Stored, name: str, limit_bytes: int) -> bytes:
        what = f"{name} of {stored.kind} {stored.name}"
        with tempfile.TemporaryDirectory(prefix="darkroom-page-") as folder:
            try:
                await self._backend.fetch_artifacts(stored, [name], pathlib.Path(folder), limit_bytes)
            except BackendProblem as problem:
                raise explain(problem, what) from problem
            return await anyio.to_thread.run_sync((pathlib.Path(folder) / name).read_bytes)


def _shrink(data: bytes) -> bytes:
    try:
        return use_picture(data, _encode)
    except ImageProblem as problem:
        raise not_found(f"the picture {problem}") from problem


def _encode(sheet: Image.Image) -> bytes:
    """Return the first samples of a sheet of them (`darkroom_predict.picture`), without its heading."""
    right, bottom = GAP_PX + 2 * PANEL_PX + GAP_PX, HEADER_PX + PANEL_PX + CAPTION_PX
    is_sheet = sheet.width >= right and sheet.height >= bottom
    file = io.BytesIO()
    (sheet.crop((GAP_PX, HEADER_PX, right, bottom)) if is_sheet else sheet).save(file, "JPEG", quality=COVER_QUALITY)
    return file.getvalue()


def send_picture(data: bytes) -> Response:
    """Return the answer with a picture; raises the Problem of bytes that are no JPEG or PNG."""
    media_type = next((known for magic, known in _MAGIC.items() if data.startswith(magic)), None)
    if media_type is None:
        raise not_found("the file is no JPEG or PNG")
    return Response(data, 200, build_headers(FILE_POLICY) | {"Cache-Control": "private, max-age=600"}, media_type)


def send_report(data: bytes) -> Response:
    """Return the answer with a report, for a frame."""
    return Response(data, 200, build_headers(FRAME_POLICY), "text/html")
