"""Resources of a cluster: read from the watches' caches, written through the API server.

Owns that a caller sees what this process has just written, and which Secret a token is kept in. Must not decide who
may do what.
"""

import asyncio
import contextlib
import pathlib
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, get_args

from darkroom_api import names
from darkroom_server.backends.artifacts import fetch_files, find_artifacts, read_image
from darkroom_server.backends.backend import (
    BackendProblem,
    Changed,
    Kind,
    NotOffered,
    NotOpened,
    NotThere,
    Refused,
    Stored,
    Unavailable,
)
from darkroom_server.backends.folder import ResultFolder, find_folder
from darkroom_server.backends.kubernetes_api import Json, KubernetesApi
from darkroom_server.backends.kubernetes_cache import Entry, ObjectCache
from darkroom_server.config_file import ClusterSection, StorageSection
from darkroom_storage.errors import StorageMisconfigured
from darkroom_storage.objects import NO_LIMIT_BYTES, Storage, open_storage

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
PATCH_TRIES: Final = 5
"""The operator writes statuses meanwhile: each is another version to the API server, and none to a caller."""
LOOK_SECONDS: Final = 2.0
"""A prediction waits no longer for an API server that is away."""
AWAY_SECONDS: Final = 5.0
"""After a question without an answer nobody asks again for so long, and then one request does: others do not wait."""
ABSENT_SECONDS: Final = 30.0
"""The watch tells sooner what was made meanwhile: this only bounds how often is asked."""
MOST_ABSENT: Final = 4096
MOST_TOKENS: Final = 1000
"""That wait for their Datasets; of those whose Dataset was refused none is needed any more."""


class KubernetesBackend:
    """A `backend.Backend` over an API server."""

    def __init__(self, api: KubernetesApi, config: ClusterSection, on_unreadable: Callable[[Kind], None]) -> None:
        self._api, self._config = api, config
        namespaces = config.namespaces or (None,)
        self._caches = {
            (kind, namespace): ObjectCache(api, kind, namespace, on_unreadable)
            for kind in KINDS
            for namespace in namespaces
        }
        self._storages: dict[StorageSection, Storage] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self._absent: dict[tuple[Kind, str, str], float] = {}
        self._away_until = 0.0

    async def run(self) -> None:
        """Keep up with the API server until the task is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for cache in self._caches.values():
                tasks.create_task(cache.run())

    @property
    def is_ready(self) -> bool:
        """Return whether every resource is known. It stays so where the API server goes away later."""
        return all(cache.is_filled.is_set() for cache in self._caches.values())

    async def find(self, kind: Kind, namespace: str, name: str) -> Stored | None:
        """Return a resource, None where there is none; one that no watch has told yet is asked for."""
        if not self._config.serves(namespace):
            return None
        entry = self._cache(kind, namespace).find(namespace, name) or await self._look_beyond(kind, namespace, name)
        return None if entry is None else _read(entry)

    async def _look_beyond(self, kind: Kind, namespace: str, name: str) -> Entry | None:
        """Ask the API server for what another replica may just have made; what is not there is remembered as absent.

        A Model that was applied under its own name is looked up under another one first, with every prediction.
        """
        key = (kind, namespace, name)
        if self._absent.get(key, 0.0) > time.monotonic():
            return None
        try:
            return await self._ask(kind, namespace, name)
        except NotThere:
            self._absent[key] = time.monotonic() + ABSENT_SECONDS
            while len(self._absent) > MOST_ABSENT:
                self._absent.pop(next(iter(self._absent)))
            return None

    async def _ask(self, kind: Kind, namespace: str, name: str) -> Entry:
        """Return an object as `_look` does, within LOOK_SECONDS; raises Unavailable at once during an outage."""
        away = Unavailable(f"{kind} {name}: the API server does not answer; try again")
        if self._away_until > time.monotonic():
            raise away
        if self._away_until:
            self._away_until = time.monotonic() + AWAY_SECONDS
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                found = await self._look(kind, namespace, name)
        except (Unavailable, TimeoutError) as error:
            self._away_until = time.monotonic() + AWAY_SECONDS
            raise away from error
        except NotThere:
            self._away_until = 0.0
            raise
        self._away_until = 0.0
        return found

    async def list_all(self, kind: Kind, namespace: str) -> list[Stored]:
        """Return all resources of a kind in a namespace that can be read."""
        return self._cache(kind, namespace).list_all(namespace) if self._config.serves(namespace) else []

    async def create(self, kind: Kind, namespace: str, manifest: Mapping[str, Any]) -> Stored:
        """Create a resource; raises AlreadyThere."""
        raw = await self._api.create(kind, self._check(namespace), manifest)
        try:
            await self._store_token(raw)
        except BackendProblem:
            name, uid = raw["metadata"]["name"], raw["metadata"]["uid"]
            await self._api.delete(kind, namespace, name, uid)
            self._cache(kind, namespace).forget(namespace, name, uid)
            raise
        return _read(self._cache(kind, namespace).put(raw))

    async def patch(
        self, kind: Kind, namespace: str, name: str, change: Mapping[str, Any], version: str | None = None
    ) -> Stored:
        """Merge `change` into a resource; raises NotThere, and Changed where it is not of `version`."""
        self._check(namespace)
        if version is None:
            return await self._patch(kind, namespace, name, change)
        for _ in range(PATCH_TRIES):
            entry = await self._look(kind, namespace, name)
            _compare(entry, version)
            only = {**change, "metadata": {**change.get("metadata", {}), "resourceVersion": entry.raw_version}}
            with contextlib.suppress(Changed):
                return await self._patch(kind, namespace, name, only)
        raise Changed(f"{kind} {name}: it changes all the time; try again")

    async def _patch(self, kind: Kind, namespace: str, name: str, change: Mapping[str, Any]) -> Stored:
        raw = await self._api.patch(kind, namespace, name, change)
        entry = self._cache(kind, namespace).put(raw)  # also where its token cannot be kept: it was changed
        await self._store_token(raw)
        return _read(entry)

    async def delete(self, kind: Kind, namespace: str, name: str, version: str | None = None) -> None:
        """Delete a resource; raises NotThere, and Changed where it is not of `version`."""
        self._check(namespace)
        for _ in range(PATCH_TRIES):
            entry = await self._look(kind, namespace, name)
            _compare(entry, version)
            with contextlib.suppress(Changed):
                await self._api.delete(kind, namespace, name, entry.uid, entry.raw_version if version else None)
                self._cache(kind, namespace).forget(namespace, name, entry.uid)
                return
        raise Changed(f"{kind} {name}: it changes all the time; try again")

    async def keep_token(self, namespace: str, name: str, container_url: str) -> str:  # noqa: ARG002 - its uid says more
        """Keep a token for the Dataset that is written next with the Secret whose name this returns.

        The Secret is made after the Dataset, as its child, so that it goes with it: this process cannot delete one.
        """
        secret = f"{self._config.secret_prefix}{secrets.token_hex(8)}"
        self._tokens[self._check(namespace), secret] = container_url
        while len(self._tokens) > MOST_TOKENS:
            self._tokens.pop(next(iter(self._tokens)))
        return secret

    async def _store_token(self, owner: Json) -> None:
        """Make the Secret that a Dataset, just written, names, where its token waits for that."""
        namespace = owner["metadata"]["namespace"]
        secret = (owner["spec"].get("storage") or {}).get("credentialsSecret", "")
        container_url = self._tokens.pop((namespace, secret), None)
        if container_url is not None:
            await self._api.create_secret(namespace, secret, {names.SAS_KEY: container_url}, owner)

    async def read_image(self, namespace: str, uri: str, limit_bytes: int) -> bytes:
        """Return the bytes of an image of a bucket that `server.storage` opens to a namespace; raises NotThere."""
        section = self._config.find_storage(uri)
        # A proxy or a gateway may take `..` for the folder above.
        if section is None or not section.opens_images(namespace) or ".." in uri.split("/"):
            raise Refused(
                f"{uri}: the server may not read images there for namespace {namespace}; the administrator can add it "
                "to imageNamespaces of an entry of server.storage"
            )
        return await asyncio.to_thread(read_image, self._open_storage(uri), uri, limit_bytes)

    async def fetch_artifacts(
        self, stored: Stored, files: Sequence[str], folder: pathlib.Path, limit_bytes: int = NO_LIMIT_BYTES
    ) -> None:
        """Copy files of a finished run into `folder`, checked against its artifacts.json; raises NotThere."""
        artifacts = find_artifacts(stored)
        storage = self._open_storage(artifacts.uri)
        await asyncio.to_thread(fetch_files, storage, artifacts, files, folder, limit_bytes)

    def open_folder(self, stored: Stored) -> ResultFolder:
        """Return the folder of a resource's results; raises NotThere where it has none, Refused."""
        uri = find_folder(stored)
        return ResultFolder(self._open_storage(uri), uri)

    def open_runs(self) -> ResultFolder:
        """Return the folder of product-recognition runs in the bucket that the administrator names for them."""
        uri = self._config.runs_folder
        if uri is None:
            raise NotOffered(
                "this server keeps no product-recognition runs: the administrator can set server.runs.uri to a prefix "
                "of a bucket that the server may write to"
            )
        return ResultFolder(self._open_storage(uri), uri)

    def _open_storage(self, uri: str) -> Storage:
        section = self._config.find_storage(uri)
        if section is None:
            raise NotOpened(f"{uri}: no entry of server.storage has a prefix of it; the administrator must add one")
        try:
            if section not in self._storages or not self._storages[section].is_current():
                self._storages[section] = open_storage(section.access)
        except StorageMisconfigured as error:
            raise NotOpened(f"server.storage of {section.prefix}: {error}") from error
        return self._storages[section]

    def _check(self, namespace: str) -> str:
        if not self._config.serves(namespace):
            raise Refused(f"namespace {namespace} is not served here")
        return namespace

    def _cache(self, kind: Kind, namespace: str) -> ObjectCache:
        return self._caches[kind, namespace if self._config.namespaces else None]

    async def _look(self, kind: Kind, namespace: str, name: str) -> Entry:
        """Return an object as the API server has it now; raises NotThere."""
        entry = self._cache(kind, namespace).put(await self._api.get(kind, namespace, name))
        if entry is None:
            raise NotThere(f"{kind} {name}: it is being deleted")
        return entry


def _read(entry: Entry | None) -> Stored:
    if entry is None or entry.stored is None:
        raise Refused(entry.problem if entry else "it is being deleted")
    return entry.stored


def _compare(entry: Entry, version: str | None) -> None:
    if version is not None and (entry.stored is None or entry.stored.version != version):
        raise Changed("it was changed since this version of it was read")
