# ruff: noqa: ARG002 - a refusal looks at nothing
"""One finished model in a folder, as KServe hands it to a runtime: the only Model, and no other resource.

Owns what such a Model looks like. Must not watch the folder: a runtime's pod has one model for life.
"""

import asyncio
import pathlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from darkroom_api.conditions import RunPhase
from darkroom_api.endpoints import OWN_MACHINE
from darkroom_api.run_config import StorageAccess
from darkroom_api.v1alpha1.common import Artifacts
from darkroom_api.v1alpha1.model import ModelSpec, ModelStatus
from darkroom_predict.description import ONNX_NAME, read_description
from darkroom_predict.listing import check_files
from darkroom_server.backends.artifacts import fetch_files, find_artifacts
from darkroom_server.backends.backend import Kind, NotOffered, Refused, Stored
from darkroom_server.backends.folder import ResultFolder, find_folder
from darkroom_storage.objects import NO_LIMIT_BYTES, Storage

NAMESPACE: Final = "default"
_REFUSAL: Final = "this server has one model and keeps no resources"


def open_model(folder: pathlib.Path, name: str) -> Stored:
    """Return the Model of a folder; raises ModelUnusable."""
    listed = check_files(folder, [ONNX_NAME])
    return Stored(
        kind="Model",
        namespace=NAMESPACE,
        name=name,
        uid=listed.digest,
        version=listed.digest,
        created_at=datetime.now(UTC),
        spec=ModelSpec(task=read_description(folder).task, dataset="unknown", budget="1h"),
        status=ModelStatus(
            phase=RunPhase.SUCCEEDED, artifacts=Artifacts(uri=folder.resolve().as_uri(), digest=listed.digest)
        ),
    )


class OneModel:
    """A `backend.Backend` of one Model."""

    is_ready: Final = True

    def __init__(self, model: Stored) -> None:
        self._model = model
        self._storage = Storage(StorageAccess(reach=OWN_MACHINE), {})

    async def run(self) -> None:
        """There is nothing to keep up with."""

    async def find(self, kind: Kind, namespace: str, name: str) -> Stored | None:
        """Return the Model by its name."""
        return next((found for found in await self.list_all(kind, namespace) if found.name == name), None)

    async def list_all(self, kind: Kind, namespace: str) -> list[Stored]:
        """Return the Model."""
        return [self._model] if (kind, namespace) == ("Model", NAMESPACE) else []

    async def create(self, kind: Kind, namespace: str, manifest: Mapping[str, Any]) -> Stored:
        """Refuse."""
        raise Refused(_REFUSAL)

    async def patch(
        self, kind: Kind, namespace: str, name: str, change: Mapping[str, Any], version: str | None = None
    ) -> Stored:
        """Refuse."""
        raise Refused(_REFUSAL)

    async def delete(self, kind: Kind, namespace: str, name: str, version: str | None = None) -> None:
        """Refuse."""
        raise Refused(_REFUSAL)

    async def keep_token(self, namespace: str, name: str, container_url: str) -> str:
        """Refuse."""
        raise Refused(_REFUSAL)

    async def read_image(self, namespace: str, uri: str, limit_bytes: int) -> bytes:
        """Refuse: whoever reaches it may call, and buckets open to the pod alone."""
        raise Refused("this server reads no buckets for its callers; give an https:// address")

    async def fetch_artifacts(
        self, stored: Stored, files: Sequence[str], folder: pathlib.Path, limit_bytes: int = NO_LIMIT_BYTES
    ) -> None:
        """Copy files of the Model into `folder`, checked against its artifacts.json."""
        await asyncio.to_thread(fetch_files, self._storage, find_artifacts(stored), files, folder, limit_bytes)

    def open_folder(self, stored: Stored) -> ResultFolder:
        """Return the folder of the Model."""
        return ResultFolder(self._storage, find_folder(stored))

    def open_runs(self) -> ResultFolder:
        """Refuse."""
        raise NotOffered(f"{_REFUSAL}, and no product-recognition runs; ask imageanalysis:analyze")
