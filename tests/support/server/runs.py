"""Product-recognition runs: records, and the folders that they are kept in, of this machine and of a bucket.

Owns no expectation.
"""

import asyncio
import pathlib
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from darkroom_api.endpoints import OWN_MACHINE
from darkroom_api.run_config import StorageAccess
from darkroom_server.backends.folder import ResultFolder
from darkroom_server.runs.record import RunRecord, start_record
from darkroom_storage.local_files import to_uri
from darkroom_storage.objects import Storage, open_storage
from tests.support.server.parts import KEY, NAMESPACE
from tests.support.server.running import Answer, send

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MODEL = "productrecognizer"
WAIT_SECONDS = 20.0


@pytest.fixture(params=["bucket", "folder"])
def runs_folder(request: pytest.FixtureRequest, storage: Storage, tmp_path: pathlib.Path) -> ResultFolder:
    """Return an empty folder as a cluster's server has it, and as a local one."""
    uri = f"s3://vision/{tmp_path.name}-runs" if request.param == "bucket" else to_uri(tmp_path / "a b" / "runs")
    return ResultFolder(storage, uri)


def open_local(folder: pathlib.Path) -> ResultFolder:
    """Return a folder of this machine."""
    return ResultFolder(open_storage(StorageAccess(reach=OWN_MACHINE)), to_uri(folder))


def a_record(name: str = "r", **changes: Any) -> RunRecord:
    """Return a run that was just asked for."""
    started = start_record(NAMESPACE, MODEL, name, f"{abs(hash(name)):032x}", "me", NOW)
    return started.model_copy(update=changes)


def call(address: str, method: str, path: str, body: Any = None, key: str = KEY, **headers: str) -> Answer:
    """Return the answer to a call below `/productrecognition`."""
    named = {"Ocp-Apim-Subscription-Key": key, **{name.replace("_", "-"): headers[name] for name in headers}}
    full = f"/computervision/productrecognition{path}{'&' if '?' in path else '?'}api-version=2023-04-01-preview"
    return send(address, full, body, named, method)


def wait_for_end(address: str, path: str, key: str = KEY) -> dict[str, Any]:
    """Return a run once it has ended."""
    ends_at = time.monotonic() + WAIT_SECONDS
    while True:
        found: dict[str, Any] = call(address, "GET", path, key=key).json
        if found["status"] in ("succeeded", "failed"):
            return found
        assert time.monotonic() < ends_at, found
        time.sleep(0.02)


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not await is_so():
            await asyncio.sleep(0.01)
