"""The parts of a server over resources in memory, and one key that opens everything in the namespace `default`."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from darkroom_server.auth.keys import Key, KeyAdmission
from darkroom_server.backends.backend import Kind, NotThere, Stored
from darkroom_server.config import ServerConfig
from darkroom_server.routes.parts import CountPrediction, Parts, build_parts, count_nothing

KEY = "test-key-0123456789"
NAMESPACE = "default"


class ModelFolders:
    """A back end that has finished models only, each with a folder; nothing can be changed through it."""

    def __init__(self) -> None:
        self.models: dict[str, Stored] = {}
        self.folders: dict[str, pathlib.Path] = {}

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

    async def fetch_artifacts(self, model: Stored, files: Sequence[str], folder: pathlib.Path) -> None:
        """Copy the files of a Model's folder."""
        if model.name not in self.folders:
            raise NotThere(f"Model {model.name} has no files")
        for name in (*files, "artifacts.json"):
            (folder / name).write_bytes((self.folders[model.name] / name).read_bytes())


def some_parts(
    backend: ModelFolders | None = None, config: ServerConfig | None = None, count: CountPrediction = count_nothing
) -> Parts:
    """Return parts over `backend` with the one key."""
    admission = KeyAdmission([Key("test", NAMESPACE, KEY)])
    return build_parts(backend or ModelFolders(), admission, config or ServerConfig(), count)
