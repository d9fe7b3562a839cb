"""What the API server holds of one kind, as far as its watch told: every request looks here, and asks no server.

Owns the list, the watch and what becomes of them when one breaks: the last known objects stay, and are listed anew.
Must not write. An object that cannot be read is logged, counted and left out; it disturbs no other.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from darkroom_server.backends.backend import BackendProblem, Kind, Stored
from darkroom_server.backends.kubernetes_api import Json, KubernetesApi
from darkroom_server.backends.objects import UnreadableObject, read_object

FIRST_PAUSE_SECONDS: Final = 0.5
LAST_PAUSE_SECONDS: Final = 30.0
_LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """An object of one version. `stored` is None where it cannot be read; `problem` then says why."""

    uid: str
    version: int
    raw_version: str
    stored: Stored | None
    problem: str = ""


class ObjectCache:
    """Objects of one kind, of one namespace or of all."""

    def __init__(
        self, api: KubernetesApi, kind: Kind, namespace: str | None, on_unreadable: Callable[[Kind], None]
    ) -> None:
        self._api, self._kind, self._namespace = api, kind, namespace
        self._on_unreadable = on_unreadable
        self._entries: dict[tuple[str, str], Entry] = {}
        self._deleted: set[str] = set()
        """Uids that this process has deleted and whose end the watch has not told yet."""
        self.is_filled = asyncio.Event()

    def find(self, namespace: str, name: str) -> Entry | None:
        """Return what is known under a name."""
        return self._entries.get((namespace, name))

    def list_all(self, namespace: str) -> list[Stored]:
        """Return the objects of a namespace that can be read."""
        found = (entry.stored for (where, _), entry in self._entries.items() if where == namespace)
        return [stored for stored in found if stored is not None]

    def put(self, raw: Json) -> Entry | None:
        """Take in an object that the API server gave; return what is known of it now, None where it is deleted."""
        metadata = raw["metadata"]
        key = (metadata["namespace"], metadata["name"])
        known = self._entries.get(key)
        if metadata["uid"] in self._deleted:
            return None
        if known is None or known.version < int(metadata["resourceVersion"]):
            self._entries[key] = self._read(raw)
        return self._entries[key]

    def forget(self, namespace: str, name: str, uid: str) -> None:
        """Drop an object that this process has deleted, also from what the watch tells of its last moments."""
        self._deleted.add(uid)
        self._drop(namespace, name, uid)

    def _drop(self, namespace: str, name: str, uid: str) -> None:
        known = self._entries.get((namespace, name))
        if known is not None and known.uid == uid:
            del self._entries[namespace, name]

    def _read(self, raw: Json) -> Entry:
        metadata = raw["metadata"]
        uid, version = metadata["uid"], metadata["resourceVersion"]
        try:
            return Entry(uid, int(version), version, read_object(self._kind, raw))
        except UnreadableObject as error:
            self._on_unreadable(self._kind)
            _LOGGER.warning("left out: %s", error)
            return Entry(uid, int(version), version, None, str(error))

    async def run(self) -> None:
        """Keep up with the API server until the task is cancelled."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                version = await self._fill()
                pause = FIRST_PAUSE_SECONDS
                while True:
                    version = await self._follow(version)
            except BackendProblem as problem:
                _LOGGER.warning("the watch broke, %s are listed anew in %.1f s: %s", self._kind, pause, problem)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LAST_PAUSE_SECONDS)

    async def _fill(self) -> str:
        """Take in all objects; return the version from which to watch."""
        raws, version = await self._api.list_objects(self._kind, self._namespace)
        listed = {raw["metadata"]["uid"] for raw in raws}
        self._deleted &= listed
        for key, entry in list(self._entries.items()):
            # What this process has created since the list was made is not in it.
            if entry.uid not in listed and entry.version <= int(version):
                del self._entries[key]
        for raw in raws:
            self.put(raw)
        self.is_filled.set()
        return version

    async def _follow(self, version: str) -> str:
        """Take in changes until the watch ends; return the version from which to go on."""
        async for change, raw in self._api.watch_objects(self._kind, self._namespace, version):
            metadata: dict[str, Any] = raw["metadata"]
            version = metadata["resourceVersion"]
            if change == "DELETED":
                self._deleted.discard(metadata["uid"])
                self._drop(metadata["namespace"], metadata["name"], metadata["uid"])
            elif change != "BOOKMARK":
                self.put(raw)
        return version
