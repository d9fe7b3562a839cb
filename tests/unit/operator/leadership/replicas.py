"""One Lease in memory, and replicas that want it, each with a clock that a test moves.

Owns no expectation.
"""

import asyncio
from typing import Any

from darkroom_operator.api.cluster import ClusterError
from darkroom_operator.api.resources import Resource
from darkroom_operator.leadership.election import Election
from darkroom_operator.leadership.fence import Fence, LeaseTerms

Json = dict[str, Any]


class FakeLeases:
    """One Lease in memory, with versions and conflicts; it may be away."""

    def __init__(self) -> None:
        self.lease: Json | None = None
        self.away = False
        self.silent = False

    async def get(self, _resource: Resource, _namespace: str, _name: str) -> Json:
        """Return the Lease."""
        await self._answer()
        if self.lease is None:
            raise ClusterError(404, "NotFound", "no lease")
        return self.lease

    async def create_lease(self, _namespace: str, manifest: Json) -> Json:
        """Create it."""
        await self._answer()
        if self.lease is not None:
            raise ClusterError(409, "AlreadyExists", "a lease")
        self.lease = {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": "1"}}
        return self.lease

    async def replace_lease(self, _namespace: str, _name: str, manifest: Json) -> Json:
        """Replace it, unless it changed since."""
        await self._answer()
        version = self.version
        if manifest["metadata"]["resourceVersion"] != version:
            raise ClusterError(409, "Conflict", "a lease")
        self.lease = {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": str(int(version) + 1)}}
        return self.lease

    @property
    def version(self) -> str:
        """Return its resourceVersion."""
        assert self.lease is not None
        return str(self.lease["metadata"]["resourceVersion"])

    @property
    def spec(self) -> Json:
        """Return its spec."""
        assert self.lease is not None
        spec: Json = self.lease["spec"]
        return spec

    async def _answer(self) -> None:
        if self.silent:
            await asyncio.Event().wait()
        if self.away:
            raise ClusterError(0, "ClientConnectorError", "connection refused")


class Replica:
    """A candidate with a clock of its own."""

    def __init__(self, leases: FakeLeases, identity: str, **times: int) -> None:
        self.now = 1000.0
        self.fence = Fence(lambda: self.now)
        self.election = Election(
            LeaseTerms("system", "darkroom", identity, **times), leases, self.fence, lambda: self.now
        )

    def step(self, seconds: float = 0.0) -> bool:
        """Let time pass and ask once; returns whether it may write then."""
        self.now += seconds
        asyncio.run(self.election.step())
        return self.fence.is_open()
