"""The Lease by which replicas elect a leader, as the official client's election takes it: a lock to read and to write.

Owns what is in the Lease, and the verdict on who has expired, by a clock that nobody sets. Whoever may write Leases
here can write nonsense into this one: then somebody unknown holds it, for no longer than one's own would last. Must not
know what leading means, nor when to ask.
"""

import json
import logging
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Protocol

import pydantic
from kubernetes.aio.client.exceptions import ApiException
from kubernetes.aio.leaderelection.leaderelectionrecord import LeaderElectionRecord
from kubernetes.aio.leaderelection.resourcelock.baselock import BaseLock
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from darkroom_operator.api.clock import format_micro
from darkroom_operator.api.cluster import ClusterError
from darkroom_operator.api.resources import LEASES, Json, Resource
from darkroom_operator.leadership.fence import Clock, LeaseTerms

logger = logging.getLogger(__name__)

LONGEST_LEASES: Final = 10
"""So many of its own durations a replica takes another's Lease to last at most, whatever is written in it."""
_Int32 = Annotated[int, Field(ge=0, lt=2**31)]


class _Metadata(TypedDict, total=False):
    resourceVersion: str


class _Spec(TypedDict, total=False):
    holderIdentity: str | None
    leaseDurationSeconds: _Int32 | None
    leaseTransitions: _Int32 | None
    acquireTime: str | None
    renewTime: str | None


class _Lease(TypedDict, total=False):
    metadata: _Metadata
    spec: _Spec | None


_SHAPE: Final = TypeAdapter(_Lease)
_UNREADABLE: Final[_Spec] = {"holderIdentity": "?"}


class Leases(Protocol):
    """The calls about Leases, which pass no fence: the Lease is what opens it. Each raises ClusterError."""

    async def get(self, resource: Resource, namespace: str, name: str) -> Json:
        """Return a Lease."""
        ...

    async def create_lease(self, namespace: str, manifest: Json) -> Json:
        """Create a Lease and return it."""
        ...

    async def replace_lease(self, namespace: str, name: str, manifest: Json) -> Json:
        """Replace a Lease, provided that it still has the manifest's resourceVersion, and return it."""
        ...


class Lock(BaseLock):
    """The Lease. A holder has expired once its Lease did not change for its duration on this process's own clock.

    The client's own LeaseLock is not used: it cannot create a Lease (its own check refuses `pretty=True`), waits five
    minutes for an answer, ends the process when a connection is refused, and writes the local time as UTC.
    """

    def __init__(self, terms: LeaseTerms, leases: Leases, clock: Clock) -> None:
        super().__init__(terms.name, terms.namespace, terms.identity)
        self._leases, self._clock = leases, clock
        self._duration_seconds = terms.lease_seconds
        self._lease: Json = {}
        self._spec: _Spec = {}
        self._seen: tuple[str, float] = ("", float("-inf"))
        self._held_by_other = False
        self.free_at = float("inf")
        """When the holder that was seen last has expired, on this process's clock."""

    async def get(self, name: str, namespace: str) -> tuple[bool, Any]:
        """Return the record; one that has expired is returned as held by nobody."""
        try:
            self._lease = await self._leases.get(LEASES, namespace, name)
        except ClusterError as error:
            return False, _to_api_exception(error)
        self._spec = spec = self._read_spec()
        holder = spec.get("holderIdentity") or None
        self.free_at = self._find_expiry(spec) if holder not in (None, self.identity) else float("inf")
        self._held_by_other = self.free_at < float("inf") and self._clock() <= self.free_at
        mine = holder == self.identity or self._held_by_other
        times = (str(spec.get("acquireTime")), str(spec.get("renewTime")))
        return True, LeaderElectionRecord(holder if mine else None, str(spec.get("leaseDurationSeconds")), *times)

    async def create(self, name: str, namespace: str, election_record: LeaderElectionRecord) -> bool:  # noqa: ARG002
        """Create the Lease; False where that did not work."""
        manifest = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": {"name": name}}
        return await self._write(self._leases.create_lease(namespace, {**manifest, "spec": self._build_spec({})}))

    async def update(self, name: str, namespace: str, updated_record: LeaderElectionRecord) -> bool:  # noqa: ARG002
        """Replace the Lease that was read; False where that did not work, or where its holder has not expired."""
        if self._held_by_other:
            return False
        lease = {**self._lease, "spec": self._build_spec(self._spec)}
        return await self._write(self._leases.replace_lease(namespace, name, lease))

    async def release(self) -> None:
        """Give the Lease up, so that another may take it at once. Best effort: it expires anyway."""
        found, record = await self.get(self.name, self.namespace)
        if found and record.holder_identity == self.identity:
            spec = {**self._spec, "holderIdentity": "", "leaseDurationSeconds": 1}
            await self._write(self._leases.replace_lease(self.namespace, self.name, {**self._lease, "spec": spec}))

    async def _write(self, call: Awaitable[Json]) -> bool:
        try:
            self._lease = await call
        except ClusterError as error:
            logger.warning("the lease was not written", extra={"error": str(error)})
            return False
        return True

    def _read_spec(self) -> _Spec:
        try:
            return _SHAPE.validate_python(self._lease).get("spec") or {}
        except pydantic.ValidationError as error:
            logger.warning("the lease cannot be read", extra={"error": error.errors(include_input=False)[0]["msg"]})
            return _UNREADABLE

    def _build_spec(self, old: _Spec) -> Json:
        """Return the spec to write. Its times are for people: no replica compares them with a clock of its own."""
        now = format_micro(datetime.now(UTC))
        spec: Json = {
            **(old if old is not _UNREADABLE else {}),
            "holderIdentity": self.identity,
            "leaseDurationSeconds": self._duration_seconds,
            "renewTime": now,
        }
        if old.get("holderIdentity") != self.identity:
            before = old.get("leaseTransitions")
            spec |= {"acquireTime": now, "leaseTransitions": 0 if before is None else before + 1}
        return spec

    def _find_expiry(self, spec: _Spec) -> float:
        metadata = self._lease.get("metadata")
        version = str(metadata.get("resourceVersion")) if isinstance(metadata, dict) else ""
        if version != self._seen[0]:
            self._seen = (version, self._clock())
        lasts = self._duration_seconds if spec is _UNREADABLE else spec.get("leaseDurationSeconds") or 0
        return self._seen[1] + min(float(lasts), LONGEST_LEASES * self._duration_seconds)


def _to_api_exception(error: ClusterError) -> ApiException:
    """Return what the client's election looks at: the reason, and in the body the code."""
    exception = ApiException(status=error.status, reason=str(error))
    exception.body = json.dumps({"code": error.status})
    return exception
