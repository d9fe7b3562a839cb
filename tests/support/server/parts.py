"""The parts of a server over resources in memory, and one key that opens everything in the namespace `default`."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from darkroom_server.auth.keys import Key, KeyAdmission
from darkroom_server.backends.backend import Kind, NotOffered, NotThere, Stored, TooLarge
from darkroom_server.backends.folder import ResultFolder
from darkroom_server.config import ServerConfig
from darkroom_server.routes.parts import Parts, build_parts, count_nothing
from darkroom_server.runs.runner import CountPrediction
from darkroom_storage.objects import NO_LIMIT_BYTES

KEY = "test-key-0123456789"
NAMESPACE = "default"


class ModelFolders:
    """A back end that has finished models only, each with a folder; nothing can be changed through it."""

    def __init__(self) -> None:
        self.models: dict[str, Stored] = {}
        self.folders: dict[str, pathlib.Path] = {}
        self.images: dict[str, bytes] = {}
        self.runs: ResultFolder | None = None

    async def find(self, kind: Kind, namespace: str, name: str) -> Stored | None:
        """Return a Model."""
        found = self.models.get(name) if kind == "Model" else None
        return found if found is not None and found.namespace == namespace else None

    async def list_all(self, kind: Kind, namespace: str) -> list[Stored]:
        """Return the Models of a namespace."""
        return [model for model in self.models.values() if kind == "Model" and model.namespace == namespace]

    async def create(self, kind: Kind, namespace: str, manifest: Mapping[str, Any]) -> Stored:
        """Create nothing."""
        raise NotImplementedError

    async def patch(
        self, kind: Kind, namespace: str, name: str, change: Mapping[str, Any], version: str | None = None
    ) -> Stored:
        """Change nothing."""
        raise NotImplementedError

    async def delete(self, kind: Kind, namespace: str, name: str, version: str | None = None) -> None:
        """Delete nothing."""
        raise NotImplementedError

    async def keep_token(self, namespace: str, name: str, container_url: str) -> str:
        """Keep nothing."""
        raise NotImplementedError

    async def read_image(self, namespace: str, uri: str, limit_bytes: int) -> bytes:
        """Return an image of `images`, which are of the one namespace."""
        if namespace != NAMESPACE or uri not in self.images:
            raise NotThere(f"{uri}: not found")
        return self.images[uri][:limit_bytes]

    async def fetch_artifacts(
        self,
        stored: Stored,
        files: Sequence[str],
        folder: pathlib.Path,
        limit_bytes: int = NO_LIMIT_BYTES,
    ) -> None:
        """Copy the files of a Model's folder."""
        if stored.name not in self.folders:
            raise NotThere(f"Model {stored.name} has no files")
        for name in (*files, "artifacts.json"):
            content = (self.folders[stored.name] / name).read_bytes()
            if len(content) > limit_bytes:
                raise TooLarge(f"{name} is too large")
            (folder / name).write_bytes(content)

    def open_folder(self, stored: Stored) -> ResultFolder:
        """Open nothing."""
        raise NotImplementedError

    def open_runs(self) -> ResultFolder:
        """Return the folder of runs."""
        if self.runs is None:
            raise NotOffered("this server keeps no product-recognition runs: set server.runs.uri")
        return self.runs


def some_parts(
    backend: ModelFolders | None = None, config: ServerConfig | None = None, count: CountPrediction = count_nothing
) -> Parts:
    """Return parts over `backend` with the one key."""
    admission = KeyAdmission([Key("test", NAMESPACE, KEY)])
    return build_parts(backend or ModelFolders(), admission, config or ServerConfig(), count)
