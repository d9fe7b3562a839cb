"""Resources of one folder of this machine, and what `darkroom run` does for them in a process beside the server.

Owns how the parts are put together. Must not do: HTTP, or a training.
"""

import asyncio
import contextlib
import pathlib
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from darkroom_api import names
from darkroom_api.endpoints import OWN_MACHINE
from darkroom_api.run_config import StorageAccess
from darkroom_api.v1alpha1.dataset import DatasetSpec
from darkroom_server.backends.artifacts import fetch_files, find_artifacts, read_image
from darkroom_server.backends.backend import BackendProblem, Kind, Refused, Stored
from darkroom_server.backends.folder import ResultFolder, find_folder
from darkroom_server.backends.local_store import LocalStore
from darkroom_server.backends.local_worker import LocalWorker
from darkroom_storage import state_folder as layout
from darkroom_storage.local_files import to_uri
from darkroom_storage.objects import NO_LIMIT_BYTES, open_storage

MOST_TOKENS: Final = 1000
"""Beyond as many that no Dataset came for, the oldest go."""
_SECRET_PREFIX: Final = "token-"  # noqa: S105 - of a name


class LocalBackend:
    """A `backend.Backend` over a folder; `allowed_urls` and `allowed_folders` are what Datasets may name besides."""

    def __init__(
        self, root: pathlib.Path, allowed_urls: Sequence[str] = (), allowed_folders: Sequence[pathlib.Path] = ()
    ) -> None:
        self.store = LocalStore(root)
        arguments = [f"--allow-url={url}" for url in allowed_urls]
        arguments += [f"--allow-folder={folder}" for folder in allowed_folders]
        self.worker = LocalWorker(root, arguments, self.store.has_work)
        self._secrets = root / layout.SECRETS
        self._tokens: dict[tuple[str, str], str] = {}
        """Those whose Dataset is not written yet."""
        self._storage = open_storage(StorageAccess(reach=OWN_MACHINE))

    async def run(self) -> None:
        """Work on what is asked for until the task is cancelled; a run then keeps what it can."""
        await self.worker.run()

    def close(self) -> None:
        """Let another server have the folder."""
        self.store.close()

    async def find(self, kind: Kind, namespace: str, name: str) -> Stored | None:
        """Return a resource, None where there is none."""
        return self.store.find(kind, namespace, name)

    async def list_all(self, kind: Kind, namespace: str) -> list[Stored]:
        """Return all resources of a kind in a namespace."""
        return self.store.list_all(kind, namespace)

    async def create(self, kind: Kind, namespace: str, manifest: Mapping[str, Any]) -> Stored:
        """Create a resource; raises AlreadyThere."""
        with self._keeping_token(namespace, manifest):
            created = self.store.create(kind, namespace, manifest)
        self.worker.tell()
        return created

    async def patch(
        self, kind: Kind, namespace: str, name: str, change: Mapping[str, Any], version: str | None = None
    ) -> Stored:
        """Merge `change` into a resource; raises NotThere, and Changed where it is not of `version`."""
        found = self.store.find(kind, namespace, name)
        with self._keeping_token(namespace, change):
            patched = self.store.patch(kind, namespace, name, change, version)
        self.worker.tell()
        self._forget_token(found, patched)
        return patched

    async def delete(self, kind: Kind, namespace: str, name: str, version: str | None = None) -> None:
        """Delete a resource, its token and what was published for it; raises NotThere and Changed."""
        found = self.store.find(kind, namespace, name)
        self.store.delete(kind, namespace, name, version)
        self.worker.tell()
        self._forget_token(found, None)

    async def keep_token(self, namespace: str, name: str, container_url: str) -> str:  # noqa: ARG002 - its own name
        """Keep the address of a container with its token for the Dataset that is written next; return its Secret."""
        secret = f"{_SECRET_PREFIX}{secrets.token_hex(8)}"
        self._tokens[namespace, secret] = container_url
        while len(self._tokens) > MOST_TOKENS:
            self._tokens.pop(next(iter(self._tokens)))
        return secret

    @contextlib.contextmanager
    def _keeping_token(self, namespace: str, manifest: Mapping[str, Any]) -> Iterator[None]:
        """Write the token of what is being written, for this user only; it goes where the resource is not taken."""
        secret = str((manifest.get("spec", {}).get("storage") or {}).get("credentialsSecret"))
        url = self._tokens.pop((namespace, secret), None)
        folder = self._secrets / namespace / secret
        if url is not None:
            self._secrets.mkdir(mode=0o700, exist_ok=True)
            folder.mkdir(mode=0o700, parents=True)
            (folder / names.SAS_KEY).write_text(url)
        try:
            yield
        except BackendProblem:
            if url is not None:
                shutil.rmtree(folder, ignore_errors=True)
            raise

    def _forget_token(self, before: Stored | None, after: Stored | None) -> None:
        secret = _find_secret(before)
        if before is not None and secret is not None and secret != _find_secret(after):
            shutil.rmtree(self._secrets / before.namespace / secret, ignore_errors=True)

    async def read_image(self, namespace: str, uri: str, limit_bytes: int) -> bytes:  # noqa: ARG002 - as of a Dataset
        """Return the bytes of an image of a bucket, with the user's own rights as a Dataset's; raises NotThere."""
        if not uri.startswith(names.BUCKET_SCHEMES):
            raise Refused(f"{uri}: it is in no bucket; use an s3://BUCKET/KEY or az://CONTAINER/PATH address")
        return await asyncio.to_thread(read_image, self._storage, uri, limit_bytes)

    async def fetch_artifacts(
        self, stored: Stored, files: Sequence[str], folder: pathlib.Path, limit_bytes: int = NO_LIMIT_BYTES
    ) -> None:
        """Copy files of a finished run into `folder`, checked against its artifacts.json; raises NotThere."""
        artifacts = find_artifacts(stored)
        await asyncio.to_thread(fetch_files, self._storage, artifacts, files, folder, limit_bytes)

    def open_folder(self, stored: Stored) -> ResultFolder:
        """Return the folder of a resource's results; raises NotThere where it has none."""
        return ResultFolder(self._storage, find_folder(stored))

    def open_runs(self) -> ResultFolder:
        """Return the folder of product-recognition runs."""
        return ResultFolder(self._storage, to_uri(self.store.root / layout.RUNS))


def _find_secret(stored: Stored | None) -> str | None:
    """Return the Secret that was made for a Dataset's token."""
    spec = stored.spec if stored is not None else None
    storage = spec.storage if isinstance(spec, DatasetSpec) else None
    secret = storage.credentials_secret if storage is not None else None
    return secret if secret is not None and secret.startswith(_SECRET_PREFIX) else None
