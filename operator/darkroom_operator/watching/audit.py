"""Whether the watches still tell the truth: a list of names and versions, twice a minute, compared with the store.

Owns what goes into the store: what is listed at the start, what watches report, what went unseen (a watch that is
opened again does not report what was deleted meanwhile), and what a watch withholds. And the verdict that a watch is
dead: an object that the store still has in an old version one audit later. The verdict stands until that watch reports
something, whatever a list has repaired.
"""

import asyncio
import logging
import time
from typing import Final, NamedTuple

from darkroom_operator.api.cluster import Cluster, ClusterError
from darkroom_operator.api.resources import WARNINGS, WATCHED, Json, Key, Resource, Trigger
from darkroom_operator.facts.reading import Identity, UnreadableObjectError, read_identity, read_list_version
from darkroom_operator.observing.store import Store

logger = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 30.0
WARNINGS_EVERY: Final = 10
"""Every so many audits the Warning Events are listed again, so that one that was missed does not stay unknown. They are
not compared: nearly all of them are about objects that the store does not have."""
FIRST_PAUSE_SECONDS: Final = 1.0
MAX_PAUSE_SECONDS: Final = 5.0
"""The API server is seen again so long after it returned; a handful of lists asking that often costs it nothing."""
MAX_SHOWN: Final = 5
ECHO_SECONDS: Final = 0.1
"""How long a write's answer may come after the news of it."""
TRUSTED_SECONDS: Final = 1.5 * INTERVAL_SECONDS
"""An audit that passed so recently vouches for the store: the watches were alive then."""


class _News(NamedTuple):
    """What a list changed in the store, and as of which version the list is."""

    changed: set[Key]
    version: int


class _Behind(NamedTuple):
    """The objects of which the store has no or an old version, by uid: now, and for a whole interval."""

    now: frozenset[str]
    lasting: frozenset[str]


class Audit:
    """Compares the store with the API server."""

    def __init__(self, cluster: Cluster, store: Store, namespaces: tuple[str, ...], trigger: Trigger) -> None:
        self._cluster = cluster
        self._store = store
        self._namespaces: tuple[str | None, ...] = namespaces or (None,)
        self._trigger = trigger
        self._expected: dict[Resource, dict[str, int]] = {}
        self._listed: dict[tuple[Resource, str | None], int] = {}
        """As of which version the lists of the start are from which no watch has gone on yet."""
        self._checks = 0
        self.filled = False
        self.passed_at = float("-inf")
        self.dead_watches: tuple[str, ...] = ()

    def take_in(self, resource: Resource, event_type: str, raw: Json) -> None:
        """Put what a watch reported into the store, and wake whom it concerns.

        Most of it is the echo of the operator's writes, of which the store takes no note. That of a write whose answer
        is still to come is taken in after that.
        """
        self.hear(resource)
        if event_type == "DELETED":
            self._trigger(self._store.remove(resource, raw))
        elif self._store.is_written(resource, raw):
            asyncio.get_running_loop().call_later(ECHO_SECONDS, self.take_in, resource, event_type, raw)
        else:
            self._trigger(self._store.put(resource, raw))

    def hear(self, resource: Resource) -> None:
        """Take note that a watch reported something."""
        if self.dead_watches:
            self.dead_watches = tuple(plural for plural in self.dead_watches if plural != resource.plural)

    async def fill(self) -> None:
        """List everything once, owners first; waits as long as the API server or the CRDs are not there."""
        for resource in (*WATCHED, WARNINGS):
            for namespace in self._namespaces:
                _, self._listed[resource, namespace] = await self._list_at_last(resource, namespace)
        self.filled = True
        self.passed_at = time.monotonic()
        self._trigger(self._store.find_unsettled())

    async def begin_watch(self, resource: Resource, namespace: str | None) -> int:
        """Return the version from which a watch is to tell: what is older is in the store, by a list if need be."""
        if (resource, namespace) in self._listed:
            return self._listed.pop((resource, namespace))
        changed, version = await self._list_at_last(resource, namespace)
        self.hear(resource)
        self._trigger(changed)
        return version

    async def _list_at_last(self, resource: Resource, namespace: str | None) -> _News:
        """List as soon as the API server answers and the CRDs are there."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return await self._list_one(resource, namespace)
            except ClusterError as error:
                hint = "; are the CRDs installed?" if error.status == 404 else ""
                logger.warning("cannot list %s yet%s", resource.plural, hint, extra={"error": str(error)})
                await asyncio.sleep(pause)
                pause = min(pause * 2, MAX_PAUSE_SECONDS)

    async def _list(self, resource: Resource) -> None:
        for namespace in self._namespaces:
            self._trigger((await self._list_one(resource, namespace)).changed)

    async def _list_one(self, resource: Resource, namespace: str | None) -> _News:
        """Take in all objects; raises ClusterError."""
        changed: set[Key] = set()
        version = 0
        async for page in self._cluster.list_all(resource, namespace):
            version = max(version, read_list_version(page))
            for item in page.get("items") or ():
                changed |= self._store.put(resource, item)
        return _News(changed, version)

    async def run(self) -> None:
        """Audit for ever. An API server that does not answer is not the watches' fault, and is only logged."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            try:
                await self.check()
            except ClusterError as error:
                logger.warning("audit failed", extra={"error": str(error)})

    async def check(self) -> None:
        """Compare once, and mend what a watch withheld for a whole interval; raises ClusterError."""
        stale: list[str] = []
        dead = set(self.dead_watches)
        for resource in WATCHED:
            behind = await self._compare(resource)
            if behind.lasting:
                stale += behind.lasting
                dead.add(resource.plural)
                await self._list(resource)
        self._checks += 1
        if self._checks % WARNINGS_EVERY == 0:
            await self._list(WARNINGS)
        self.dead_watches = tuple(sorted(dead))
        self.passed_at = time.monotonic()
        if stale:
            shown = ", ".join(stale[:MAX_SHOWN])
            logger.error("watch is dead", extra={"watches": self.dead_watches, "objects": shown})

    async def catch_up(self) -> None:
        """Know what the API server knows, whatever the watches reported meanwhile; raises ClusterError.

        For who begins to lead: a process that was stopped for minutes must not act on what it knew before.
        """
        if time.monotonic() - self.passed_at < TRUSTED_SECONDS:
            return
        for resource in WATCHED:
            if (await self._compare(resource)).now:
                await self._list(resource)
        await self._list(WARNINGS)
        self.passed_at = time.monotonic()

    async def _compare(self, resource: Resource) -> _Behind:
        """Drop what is gone; return what is behind."""
        stored = self._store.identities(resource)
        listed: dict[str, int] = {}
        for namespace in self._namespaces:
            found, as_of = await self._list_versions(resource, namespace)
            listed |= found
            for uid, identity in stored.items():
                here = namespace is None or identity.namespace == namespace
                if here and uid not in found and identity.resource_version <= as_of:
                    self._drop(resource, identity)
        known = {uid: identity.resource_version for uid, identity in stored.items()}
        expected = self._expected.get(resource, {})
        missing = {uid: version for uid, version in listed.items() if known.get(uid, 0) < version}
        self._expected[resource] = missing
        lasting = [uid for uid, version in expected.items() if uid in listed and known.get(uid, 0) < version]
        return _Behind(frozenset(missing), frozenset(lasting))

    async def _list_versions(self, resource: Resource, namespace: str | None) -> tuple[dict[str, int], int]:
        """Return the version of every object by uid, and as of which version the list is."""
        listed: dict[str, int] = {}
        as_of = 0
        async for page in self._cluster.list_all(resource, namespace, metadata_only=True):
            for item in page.get("items") or ():
                try:
                    identity = read_identity(resource.kind, item)
                except UnreadableObjectError:
                    continue  # without an identity nothing of it is stored or missed
                listed[identity.uid] = identity.resource_version
            as_of = max(as_of, read_list_version(page))
        return listed, as_of

    def _drop(self, resource: Resource, identity: Identity) -> None:
        logger.info("gone unseen", extra={"resource": resource.plural, "object": identity.name})
        self._trigger(self._store.drop(resource, identity))
